#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "ociferry/ferry.hpp"
#include "transfer/caching_source.hpp"
#include "transfer/parsed_manifest.hpp"

namespace ociferry {

/// Asks registries that are far away, side by side, what would be asked one after the other: each question as soon as
/// it is known that its answer will be needed. The sources keep answers and errors for whoever asks then. Elsewhere it
/// asks nothing. Thread-safe.
class AskedAhead {
 public:
  /// Both must outlive it, as must all sources.
  AskedAhead(const GatherOptions& gather, const Context& context);
  AskedAhead(const AskedAhead&) = delete;
  AskedAhead& operator=(const AskedAhead&) = delete;
  /// Gives up the questions that are being asked, which can take a second, and leaves the others to who needs their
  /// answers.
  ~AskedAhead();

  /// A question that may prove needless: dropped with this object unless it is kept.
  class Droppable {
   public:
    Droppable(CachingSource& source, std::string selector) : source_(&source), selector_(std::move(selector)) {}
    Droppable(const Droppable&) = delete;
    Droppable& operator=(const Droppable&) = delete;
    ~Droppable();

    [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }
    void keep() noexcept { source_ = nullptr; }

   private:
    CachingSource* source_;
    std::string selector_;
    std::stop_source stop_;
  };

  /// Of an image or index in the repository `name`: its children, the repository's tags, once, and what is attached to
  /// it.
  void about_image(CachingSource& source, const RepositoryName& name, const ParsedManifest& image);
  /// Of an image that can only be a bundle: its lock file's layer if it has no other one, and its locations.
  void about_bundle(CachingSource& source, const ParsedManifest& bundle);
  /// The manifest of `image`, in the repository that it names, while `first`, of the same registry, is asked for it.
  /// Null where it is not asked.
  [[nodiscard]] std::unique_ptr<Droppable> about_place(CachingSource& source, const Reference& image,
                                                       const RepositoryName& first);

  /// Asks, on the calling thread, as many waiting questions as one image brings.
  void help();

  static constexpr std::size_t kThreads = 4;  ///< of its own

 private:
  [[nodiscard]] bool is_far() const;
  void about_children(CachingSource& source, const std::vector<Descriptor>& children);
  void about_attachments(CachingSource& source, const RepositoryName& name, const Digest& digest);
  void ask(Question question);
  [[nodiscard]] Question next();
  void work();

  const GatherOptions& gather_;
  const Context& context_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Question> waiting_;
  std::set<RepositoryName> known_;  ///< repositories whose tags were asked for
  std::size_t idle_ = 0;
  bool ended_ = false;
  std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace ociferry
