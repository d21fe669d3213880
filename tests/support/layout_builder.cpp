#include "support/layout_builder.hpp"

#include "base/text.hpp"
#include "stream/sha256.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

Descriptor LayoutBuilder::add(const std::string& bytes, std::string_view media_type) {
  Descriptor descriptor{std::string(media_type), digest_of(bytes, algorithm), bytes.size()};
  blobs_.insert_or_assign(descriptor.digest, bytes);
  return descriptor;
}

Descriptor LayoutBuilder::image(const std::string& config, const std::string& more) {
  TarBuilder tar;
  tar.file("hello", text::cat("layer ", layers_.size()));
  layers_.push_back(add(tar.tar(), media_type::kOciLayer));
  return add(text::cat(R"({"schemaVersion":2,"mediaType":")", media_type::kOciManifest, R"(","config":)",
                       row(add(config, media_type::kOciConfig)), R"(,"layers":[)", row(layers_.back()), "]", more, "}"),
             media_type::kOciManifest);
}

Descriptor LayoutBuilder::image_for(const std::string& architecture) {
  return image(text::cat(R"({"os":"linux","architecture":")", architecture, R"("})"));
}

Descriptor LayoutBuilder::index(const std::vector<std::string>& rows) {
  return add(text::cat(R"({"schemaVersion":2,"mediaType":")", media_type::kOciIndex, R"(","manifests":[)",
                       text::join(rows, ","), "]}"),
             media_type::kOciIndex);
}

std::string LayoutBuilder::row(const Descriptor& descriptor, const std::string& more) {
  return text::cat(R"({"mediaType":")", descriptor.media_type, R"(","digest":")", descriptor.digest.text(),
                   R"(","size":)", descriptor.size, more, "}");
}

std::string LayoutBuilder::named(const Descriptor& descriptor, const std::string& name) {
  return row(descriptor, text::cat(R"(,"annotations":{"org.opencontainers.image.ref.name":")", name, R"("})"));
}

std::string LayoutBuilder::on_platform(const Descriptor& descriptor, const std::string& architecture) {
  return row(descriptor, text::cat(R"(,"platform":{"os":"linux","architecture":")", architecture, R"("})"));
}

void LayoutBuilder::write(const std::filesystem::path& directory, const std::vector<std::string>& rows,
                          const std::set<Digest>& without) const {
  for (const auto& [digest, content] : blobs_) {
    const auto folder = directory / "blobs" / digest.algorithm();
    std::filesystem::create_directories(folder);
    if (!without.contains(digest)) write_text(folder / digest.hex(), content);
  }
  write_text(directory / "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  write_text(directory / "index.json", text::cat(R"({"schemaVersion":2,"manifests":[)", text::join(rows, ","), "]}"));
}

}  // namespace ociferry::testing
