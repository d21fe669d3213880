#include "ferry/gather/archive_first.hpp"

#include <utility>

namespace ociferry {

namespace {

class ArchiveFirst : public ImageSource {
 public:
  ArchiveFirst(std::shared_ptr<ImageSource> registry, std::shared_ptr<ImageArchive> archive)
      : registry_(std::move(registry)), archive_(std::move(archive)) {}

  [[nodiscard]] std::optional<RawManifest> manifest(const std::string& selector) override {
    return registry_->manifest(selector);
  }
  [[nodiscard]] std::optional<RawManifest> manifest_until(const std::string& selector, std::stop_token stop) override {
    return registry_->manifest_until(selector, std::move(stop));
  }
  [[nodiscard]] Error absence(const std::string& selector) override { return registry_->absence(selector); }
  [[nodiscard]] std::optional<std::vector<Descriptor>> referrers(const Digest& subject) override {
    return registry_->referrers(subject);
  }
  [[nodiscard]] std::optional<std::vector<std::string>> tags_within(std::size_t most_requests) override {
    return registry_->tags_within(most_requests);
  }
  [[nodiscard]] std::optional<std::vector<Descriptor>> referrers_until(const Digest& subject,
                                                                       std::stop_token stop) override {
    return registry_->referrers_until(subject, std::move(stop));
  }
  [[nodiscard]] std::optional<std::vector<std::string>> begin_tags(std::stop_token stop) override {
    return registry_->begin_tags(std::move(stop));
  }
  [[nodiscard]] std::optional<std::vector<std::string>> more_tags_within(std::size_t most_requests) override {
    return registry_->more_tags_within(most_requests);
  }
  [[nodiscard]] bool is_blob(const Descriptor& content) override { return registry_->is_blob(content); }

  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override {
    return place_of(blob.digest).open(blob, offset, std::move(stop));
  }
  void fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop) override {
    place_of(blob.digest).fetch(blob, sink, std::move(stop));
  }
  [[nodiscard]] bool fetch_range(const Descriptor& blob, std::uint64_t begin, std::uint64_t end, ByteSink& sink,
                                 std::stop_token stop) override {
    return place_of(blob.digest).fetch_range(blob, begin, end, sink, std::move(stop));
  }
  [[nodiscard]] std::optional<RepositoryName> home() const override { return registry_->home(); }
  [[nodiscard]] std::string name_of(const Digest& blob) const override { return place_of(blob).name_of(blob); }

 private:
  [[nodiscard]] ImageSource& place_of(const Digest& blob) const {
    if (archive_->size_of(blob)) return *archive_;
    return *registry_;
  }

  std::shared_ptr<ImageSource> registry_;
  std::shared_ptr<ImageArchive> archive_;
};

}  // namespace

OpenSource archive_first(OpenSource open, std::shared_ptr<ImageArchive> archive) {
  return [open = std::move(open), archive = std::move(archive)](const RepositoryName& name) {
    return std::shared_ptr<ImageSource>(std::make_shared<ArchiveFirst>(open(name), archive));
  };
}

}  // namespace ociferry
