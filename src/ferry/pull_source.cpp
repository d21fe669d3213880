#include "ferry/pull_source.hpp"

#include <atomic>
#include <utility>

#include "base/text.hpp"
#include "credentials/finding.hpp"
#include "ferry/archived_layer.hpp"
#include "ferry/download.hpp"
#include "ferry/gather/bundle_reader.hpp"
#include "ferry/gather/registries.hpp"
#include "ociferry/auth.hpp"
#include "ociferry/error.hpp"
#include "transfer/caching_source.hpp"
#include "transfer/parallel.hpp"

namespace ociferry {

namespace {

class RegistryPullSource : public PullSource {
 public:
  explicit RegistryPullSource(const Context& context) : context_(context), registries_(context) {}

  [[nodiscard]] Located find(const Reference& image, const Places& places) override {
    const auto open = [this](const RepositoryName& name) {
      return std::make_shared<CachingSource>(registries_.repository(name), budget_);
    };
    try {
      return locate(image, places, open, *context_.progress);
    } catch (Error& error) {
      if (error.code() == ErrorCode::Hostile) error.while_doing(text::cat("reading ", to_string(image)));
      throw;
    }
  }

  [[nodiscard]] std::optional<Locations> locations(const Located& bundle, const ImagesLock& lock) override {
    return find_locations(*bundle.source, Reference::by_digest(bundle.name, bundle.manifest.digest()), lock,
                          *context_.progress, context_.stop);
  }

  [[nodiscard]] bool has_all(const RepositoryName& name, const ImagesLock& lock) override {
    const auto repository = registries_.repository(name);
    std::atomic<bool> all{true};
    run_parallel_or_throw(context_.jobs, lock.images.size(), context_.stop, [&](std::size_t i, const std::stop_token&) {
      if (!all) return;
      try {
        if (!repository->resolve_needed(lock.images[i].image.digest->text())) all = false;
      } catch (const Error& error) {
        if (!is_refusal(error)) throw;
        context_.progress->debug(error.message());
        all = false;
      }
    });
    return all;
  }

  [[nodiscard]] std::string_view why_lock_stays() const noexcept override {
    return "One or more images not found in bundle repo; skipping lock file update";
  }
  [[nodiscard]] bool downloads() const noexcept override { return true; }

  /// Downloads and verifies the whole layer before any of it is unpacked.
  void read_layer(const Located& image, const Descriptor& layer, const std::filesystem::path& file,
                  const std::function<void(ByteSource&)>& use) override {
    Download download(file, layer, *image.source, context_.jobs, *context_.progress);
    download.run(context_.stop);
    MediumSource content(download.file(), 0, layer.size);
    use(content);
  }

 private:
  const Context& context_;
  Registries registries_;
  std::shared_ptr<CacheBudget> budget_ = std::make_shared<CacheBudget>(kCacheBytes);
};

class StorePullSource : public PullSource {
 public:
  StorePullSource(const OpenStore& store, const Context& context)
      : store_(store),
        context_(context),
        source_(std::make_shared<CachingSource>(store.archive, std::make_shared<CacheBudget>(kCacheBytes))) {}

  [[nodiscard]] Located find(const Reference& image, const Places&) override {
    auto raw = image.digest ? source_->manifest(image.digest->text()) : std::nullopt;
    if (raw) return {parse(*std::move(raw)), source_, image.name};
    throw Error(ErrorCode::Incomplete, text::cat(store_.archive->name(), " lacks ", to_string(image)));
  }
  [[nodiscard]] std::optional<Locations> locations(const Located&, const ImagesLock&) override { return std::nullopt; }
  [[nodiscard]] bool has_all(const RepositoryName&, const ImagesLock&) override { return false; }
  [[nodiscard]] std::string_view why_lock_stays() const noexcept override {
    return "The lock file stays as it is: nothing was relocated, and the images are in the archive";
  }
  [[nodiscard]] bool downloads() const noexcept override { return false; }

  void read_layer(const Located&, const Descriptor& layer, const std::filesystem::path&,
                  const std::function<void(ByteSource&)>& use) override {
    ociferry::read_layer(store_.holder_of(layer.digest), layer, use, context_);
  }

 private:
  const OpenStore& store_;
  const Context& context_;
  std::shared_ptr<CachingSource> source_;
};

}  // namespace

std::unique_ptr<PullSource> pull_from_registries(const Context& context) {
  return std::make_unique<RegistryPullSource>(context);
}

std::unique_ptr<PullSource> pull_from_store(const OpenStore& store, const Context& context) {
  return std::make_unique<StorePullSource>(store, context);
}

}  // namespace ociferry
