#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "transfer/caching_source.hpp"
#include "transfer/graph.hpp"

namespace ociferry {

/// A manifest to find attachments of, and its repository.
struct Subject {
  Digest digest;
  RepositoryName name;

  friend auto operator<=>(const Subject&, const Subject&) = default;
};

/// An attachment of a manifest.
struct Attachment {
  Reference reference;                  ///< by digest, where it was found
  std::optional<std::string> tag = {};  ///< the tag that attaches it; absent: its own `subject`
  ManifestTree tree = {};
  std::shared_ptr<CachingSource> source = {};
};

/// Finds the attachments of manifests, in the repositories of these (ARCHITECTURE.md, "What is attached to an image?").
/// Used by one thread; sends requests from `context.jobs` threads.
class AttachmentFinder {
 public:
  using Open = std::function<std::shared_ptr<CachingSource>(const RepositoryName&)>;

  /// `open` is called from many threads; `context` must outlive the finder.
  AttachmentFinder(Referrers which, Open open, const Context& context)
      : which_(which), open_(std::move(open)), context_(context) {}

  /// The attachments of each of `subjects`, in order. A repository that denies access (401, 403) is skipped with one
  /// warning; so is a listed attachment that is absent, or whose own `subject` is another one. Blocks. Throws Error for
  /// any other failure.
  [[nodiscard]] std::vector<Attachment> find(const std::vector<Subject>& subjects);

 private:
  using Tags = std::optional<std::set<std::string>>;

  void list_tags(const std::vector<Subject>& subjects);
  [[nodiscard]] std::vector<Attachment> find_one(const Subject& subject);
  void add_tagged(const Subject& subject, const std::shared_ptr<CachingSource>& source, std::vector<Attachment>& found);
  void add_listed(const Subject& subject, const std::shared_ptr<CachingSource>& source, std::vector<Attachment>& found);
  void add_one_listed(const Subject& subject, const Digest& digest, const std::shared_ptr<CachingSource>& source,
                      std::vector<Attachment>& found);
  void leave_out_malformed(const std::string& name, const Error& error) const;
  [[nodiscard]] std::vector<Descriptor> listed(const Subject& subject, CachingSource& source);
  [[nodiscard]] bool may_have(const RepositoryName& name, const std::string& tag) const;
  [[nodiscard]] std::optional<RawManifest> read(const RepositoryName& name, CachingSource& source,
                                                const std::string& selector);
  void note_refusal(const RepositoryName& name, const Error& refusal);

  Referrers which_;
  Open open_;
  const Context& context_;
  std::map<RepositoryName, Tags> tags_;  ///< of repositories whose tags were listed; constant during parallel requests
  std::mutex mutex_;
  std::set<RepositoryName> refused_;        ///< repositories with a warning
  std::set<RepositoryName> refused_lists_;  ///< repositories that deny access to their lists of referrers
};

}  // namespace ociferry
