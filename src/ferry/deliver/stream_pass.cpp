#include "ferry/deliver/stream_pass.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "ferry/deliver/all_destinations.hpp"
#include "layout/sealed/archive_reader.hpp"
#include "layout/sealed/stream_check.hpp"
#include "medium/stream_medium.hpp"
#include "store/forwarding_source.hpp"
#include "transfer/blob_copy.hpp"

namespace ociferry {

namespace {

/// A blob of a stream. It is not mounted from a repository that only a file names: to prove first that the file has it,
/// too, would take a second reading.
class StreamedBlob : public ForwardingSource {
 public:
  explicit StreamedBlob(std::shared_ptr<BlobSource> inner) : ForwardingSource(std::move(inner)) {}
  [[nodiscard]] std::optional<RepositoryName> mountable_from() const override {
    return is_mount_certain() ? ForwardingSource::mountable_from() : std::nullopt;
  }
};

/// The blobs of all destinations, those that the stream brings apart from others.
struct BlobsOfStream {
  BlobsOfStream(const std::vector<std::vector<BlobToPut>>& destinations, const ArchiveReader& archive)
      : streamed(destinations.size()), others(destinations.size()) {
    for (std::size_t i = 0; i < destinations.size(); ++i) {
      for (const BlobToPut& put : destinations[i]) add(put, i, archive);
    }
  }

  std::deque<Graph::BlobNode> nodes = {};
  std::map<Digest, const Graph::BlobNode*> by_digest = {};
  std::vector<std::vector<BlobToPut>> streamed;
  std::vector<std::vector<BlobToPut>> others;  ///< from registries
  std::uint64_t bytes = 0;                     ///< that travel from the stream

 private:
  void add(const BlobToPut& put, std::size_t destination, const ArchiveReader& archive) {
    if (!archive.size_of(put.blob->descriptor.digest)) return others[destination].push_back(put);
    nodes.push_back(*put.blob);
    nodes.back().source = std::make_shared<StreamedBlob>(put.blob->source);
    by_digest.emplace(put.blob->descriptor.digest, &nodes.back());
    streamed[destination].push_back({&nodes.back(), put.target});
    bytes += put.blob->descriptor.size;
  }
};

class StreamPass {
 public:
  StreamPass(const ArchiveReader& archive, const std::vector<std::vector<BlobToPut>>& destinations,
             const Context& context)
      : archive_(archive),
        stream_(*archive.stream()),
        context_(context),
        blobs_(destinations, archive),
        all_(blobs_.streamed),
        check_(std::make_shared<StreamCheck>(archive.plan(), archive.name())) {}

  [[nodiscard]] std::vector<std::exception_ptr> run() {
    stream_.pass(check_);
    const std::size_t count = blobs_.by_digest.size();
    context_.progress->phase(text::cat("reading the stream, ", count, " blobs to write"), bytes_to_come());
    put_front();
    for (const ArchiveMember& member : archive_.plan().members) {
      if (all_.have_all_failed()) break;
      if (member.blob) take(member);
    }
    if (!all_.have_all_failed()) {
      stream_.read_to_end();
      check_->finish();
    }
    auto failures = std::move(all_).failures();
    put_others(failures);
    return failures;
  }

 private:
  [[nodiscard]] bool is_in_front(const ArchiveMember& member) const { return member.end() <= stream_.front_bytes(); }

  [[nodiscard]] std::uint64_t bytes_to_come() const {
    std::uint64_t bytes = blobs_.bytes;
    for (const ArchiveMember& member : archive_.plan().members) {
      if (member.blob && !all_.wants(*member.blob)) bytes += member.size;
    }
    return bytes;
  }

  /// What has come already is in memory: the many small blobs before the layers, in any order.
  void put_front() {
    std::vector<const Graph::BlobNode*> front;
    for (const ArchiveMember& member : archive_.plan().members) {
      if (member.blob && is_in_front(member) && all_.wants(*member.blob)) {
        front.push_back(blobs_.by_digest.at(*member.blob));
      }
    }
    if (!front.empty()) copy_blobs(std::move(front), all_, context_.jobs, *context_.progress, context_.stop);
  }

  void take(const ArchiveMember& member) {
    if (!all_.wants(*member.blob)) {
      context_.progress->skip(static_cast<std::int64_t>(member.size));
    } else if (!is_in_front(member)) {
      const Graph::BlobNode& node = *blobs_.by_digest.at(*member.blob);
      all_.put_blob(node.descriptor, *node.source, *context_.progress, context_.stop);
    }
    // Also of a blob that turned out to be there. Damage shows here before what it did to a destination.
    stream_.read_until(member.end());
    if (stream_.size() < member.end()) check_->finish();
  }

  void put_others(std::vector<std::exception_ptr>& failures) const {
    std::vector<std::vector<BlobToPut>> left = blobs_.others;
    for (std::size_t i = 0; i < failures.size(); ++i) {
      if (failures[i]) left[i].clear();
    }
    const auto more = put_in_one_pass(left, context_);
    for (std::size_t i = 0; i < failures.size(); ++i) {
      if (!failures[i]) failures[i] = more[i];
    }
  }

  const ArchiveReader& archive_;
  const StreamMedium& stream_;
  const Context& context_;
  BlobsOfStream blobs_;
  AllDestinations all_;
  std::shared_ptr<StreamCheck> check_;
};

}  // namespace

BlobPass pass_over_stream(std::shared_ptr<ImageArchive> archive, const Context& context) {
  return [archive = std::move(archive), &context](const std::vector<std::vector<BlobToPut>>& destinations) {
    return StreamPass(*archive->sealed(), destinations, context).run();
  };
}

}  // namespace ociferry
