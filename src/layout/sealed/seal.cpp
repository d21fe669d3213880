#include "layout/sealed/seal.hpp"

#include <array>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// All readable forms, in the order of their versions.
constexpr std::array kForms{seal_of_0_1_0, seal_of_0_2_0, seal_of_deltas};

std::int64_t version_of(const Json& seal) {
  const Json* version = seal.find("schemaVersion");
  if (version == nullptr || version->as_int() == nullptr || *version->as_int() < 1) {
    refuse_seal("it has no schemaVersion");
  }
  return *version->as_int();
}

[[noreturn]] void refuse_newer(std::int64_t version, std::string_view but) {
  throw Error(ErrorCode::Hostile,
              text::cat("written by a newer ociferry: the seal ", kSealFile, " has version ", version, ", ", but))
      .hint(
          "bring a newer ociferry across; until then: tar xf ARCHIVE, compare blobs/sha256/* by sha256sum with their "
          "names, and copy image by image with: skopeo copy oci-archive:ARCHIVE:NAME "
          "docker://REGISTRY/REPOSITORY:TAG");
}

const SealCodec& codec_of(const Json& seal) {
  const std::int64_t version = version_of(seal);
  const std::int64_t newest = kForms.back()().version();
  if (version > newest) refuse_newer(version, text::cat("and this program reads versions up to ", newest));
  // A seal that is damaged has lost one of these, one of another release both.
  const auto lacks = [&](const char* key) { return seal.find(key) == nullptr; };
  if (version == seal_of_deltas().version() && lacks("leftOut") && lacks("full")) {
    refuse_newer(version, "which this program knows of deltas only, and it is not a delta's");
  }
  for (const auto& form : kForms) {
    const SealCodec& codec = form();
    if (codec.version() == version && codec.has_form(seal)) return codec;
  }
  refuse_seal("it lists another number of files than it must");
}

}  // namespace

const SealCodec& newest_seal() { return seal_of_0_2_0(); }

ReadSeal read_seal(std::string_view seal) {
  Json body;
  try {
    body = Json::parse(seal, "JSON");
  } catch (const Error& error) {
    refuse_seal(error.message());
  }
  const SealCodec& codec = codec_of(body);
  return {codec, codec.read(body)};
}

void refuse_seal(std::string_view why) {
  throw Error(ErrorCode::Corrupt, text::cat("the seal ", kSealFile, " is damaged: ", why));
}

}  // namespace ociferry
