#include "ferry/gather/asked_ahead.hpp"

#include <utility>

#include "base/threads.hpp"
#include "oci/tag_names.hpp"
#include "store/limits.hpp"
#include "transfer/graph.hpp"
#include "transfer/parallel.hpp"
#include "transfer/platform_choice.hpp"

namespace ociferry {

namespace {

constexpr int kQuestionsOfImage = 2;

}  // namespace

AskedAhead::AskedAhead(const GatherOptions& gather, const Context& context) : gather_(gather), context_(context) {
  threads_.reserve(kThreads);  // to add one must not fail
}

AskedAhead::~AskedAhead() {
  stop_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
}

AskedAhead::Droppable::~Droppable() {
  if (source_ != nullptr && source_->drop_manifest(selector_)) stop_.request_stop();
}

void AskedAhead::about_image(CachingSource& source, const RepositoryName& name, const ParsedManifest& image) {
  if (!is_far()) return;
  about_children(source, children_of(image.parsed));
  // With fewer kinds of attachments it depends on the other images what is asked.
  if (gather_.referrers == Referrers::All) about_attachments(source, name, image.digest());
}

void AskedAhead::about_children(CachingSource& source, const std::vector<Descriptor>& children) {
  const std::set<Digest> others = other_platforms(children, gather_.selection.platforms);
  for (const Descriptor& child : children) {
    const std::string& type = child.media_type;
    // Of another type it may be a blob, which is found out first.
    const bool may_be_blob = !type.empty() && !media_type::is_manifest(type) && !media_type::is_index(type);
    if (may_be_blob || others.contains(child.digest)) continue;
    ask(source.foresee_manifest(child.digest.text(), stop_.get_token()));
  }
}

void AskedAhead::about_attachments(CachingSource& source, const RepositoryName& name, const Digest& digest) {
  const bool is_first = [&] {
    const std::lock_guard lock(mutex_);
    return known_.insert(name).second;
  }();
  if (is_first) ask(source.foresee_tags(stop_.get_token()));
  // A registry that refuses or lacks these lists is asked for one of them only.
  if (is_first || source.lists_referrers()) ask(source.foresee_referrers(digest, stop_.get_token()));
}

void AskedAhead::about_bundle(CachingSource& source, const ParsedManifest& bundle) {
  const auto* manifest = std::get_if<Manifest>(&bundle.parsed);
  if (manifest == nullptr || !is_far()) return;
  if (manifest->layers.size() == 1) {
    ask(source.foresee_read_blob(manifest->layers.front(), limits::kSmallBlobBytes, stop_.get_token()));
  }
  ask(source.foresee_manifest(locations_tag(bundle.digest()), stop_.get_token()));
}

std::unique_ptr<AskedAhead::Droppable> AskedAhead::about_place(CachingSource& source, const Reference& image,
                                                               const RepositoryName& first) {
  // Another registry may be out of reach from here, or not to be told.
  if (!is_far() || image.name == first || image.name.registry != first.registry) return nullptr;
  auto droppable = std::make_unique<Droppable>(source, image.selector());
  Question question = source.foresee_manifest(image.selector(), droppable->stop());
  if (!question) {  // foreseen already, for another image of the same digest
    droppable->keep();
    return nullptr;
  }
  ask(std::move(question));
  return droppable;
}

void AskedAhead::help() {
  for (int asked = 0; asked < kQuestionsOfImage;) {
    const Question question = next();
    if (!question) return;
    if (question()) ++asked;
  }
}

bool AskedAhead::is_far() const { return LearnedWorkers::is_far(context_.jobs); }

void AskedAhead::ask(Question question) {
  if (!question) return;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(question));
    if (waiting_.size() > idle_ && threads_.size() < kThreads) {
      // Without a thread the question is asked by `help`, or who needs the answer.
      std::jthread thread = start_thread([this] { work(); });
      if (thread.joinable()) threads_.push_back(std::move(thread));
    }
  }
  changed_.notify_one();
}

/// Null if none waits.
Question AskedAhead::next() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return {};
  Question question = std::move(waiting_.front());
  waiting_.pop_front();
  return question;
}

void AskedAhead::work() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      ++idle_;
      changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
      --idle_;
      if (ended_) return;
    }
    if (const Question question = next()) question();
  }
}

}  // namespace ociferry
