#include "oci/manifest.hpp"

#include <doctest/doctest.h>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "oci/json.hpp"
#include "oci/limits.hpp"
#include "ociferry/error.hpp"

using namespace ociferry;

namespace {

const std::string kListedDigest = "sha256:" + std::string(64, 'a');

Json descriptor(std::string_view type, Json size = 7, const std::string& digest = kListedDigest) {
  return Json::Object{{"mediaType", type}, {"size", std::move(size)}, {"digest", digest}};
}

/// A document's members with some of them replaced, or added; null takes one away.
std::string with(Json::Object members, const Json::Object& changes) {
  for (const auto& change : changes) {
    std::erase_if(members, [&](const Json::Member& member) { return member.first == change.first; });
    if (!change.second.is_null()) members.push_back(change);
  }
  return Json(std::move(members)).dump();
}

std::string image(const Json::Object& changes = {}) {
  return with({{"schemaVersion", 2},
               {"mediaType", media_type::kOciManifest},
               {"config", descriptor(media_type::kOciConfig)},
               {"layers", Json::Array{descriptor(media_type::kOciLayerGzip)}}},
              changes);
}

std::string index(const Json::Object& changes = {}) {
  return with({{"schemaVersion", 2},
               {"mediaType", media_type::kOciIndex},
               {"manifests", Json::Array{descriptor(media_type::kOciManifest)}}},
              changes);
}

std::string manifest_error(std::string_view bytes, std::string_view type = "") {
  try {
    (void)parse_manifest(bytes, type);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Hostile);
    return error.message();
  }
  return "";
}

}  // namespace

TEST_CASE("an image manifest is read with config, layers and annotations") {
  Json::Object layer = *descriptor(media_type::kOciLayerGzip, std::int64_t{5'000'000'000}).as_object();
  layer.emplace_back("annotations", Json::Object{{"k", "v"}});
  const auto parsed = parse_manifest(image({{"layers", Json::Array{layer}}}), media_type::kOciManifest);
  REQUIRE(std::holds_alternative<Manifest>(parsed));
  const auto& manifest = std::get<Manifest>(parsed);
  CHECK(manifest.media_type == media_type::kOciManifest);
  CHECK(manifest.config.value().media_type == media_type::kOciConfig);
  CHECK(manifest.config->digest.text() == kListedDigest);
  CHECK(manifest.config->size == 7);
  REQUIRE(manifest.layers.size() == 1);
  CHECK(manifest.layers[0].size == 5'000'000'000);
  CHECK(manifest.layers[0].annotations.at("k") == "v");
  CHECK(manifest.layers[0].platform == nullptr);
}

TEST_CASE("a manifest that imgpkg wrote is read") {
  const auto parsed =
      parse_manifest(read_file(FIXTURES "/imgpkg/bundle-basic-step-2-today/manifest.json", limits::kManifestBytes), "");
  REQUIRE(std::holds_alternative<Manifest>(parsed));
  CHECK(std::get<Manifest>(parsed).media_type == media_type::kDockerManifest);
  CHECK(std::get<Manifest>(parsed).layers.at(0).size == 648);
}

TEST_CASE("an index is read with the platforms of its children") {
  Json::Object child = *descriptor(media_type::kOciManifest).as_object();
  child.emplace_back("platform",
                     Json::Object{{"architecture", "arm64"}, {"os", "linux"}, {"variant", "v8"}, {"os.version", "1"}});
  const auto parsed = parse_manifest(index({{"manifests", Json::Array{child}}}), "");
  REQUIRE(std::holds_alternative<ImageIndex>(parsed));
  const auto& children = std::get<ImageIndex>(parsed).manifests;
  REQUIRE(children.size() == 1);
  REQUIRE(children[0].platform != nullptr);
  CHECK(*children[0].platform == Platform{"linux", "arm64", "v8", "1"});
}

TEST_CASE("the media type comes from the body, else from the content") {
  const auto type_of = [](const std::string& bytes, std::string_view given) {
    const auto parsed = parse_manifest(bytes, given);
    return std::visit([](const auto& value) { return value.media_type; }, parsed);
  };
  CHECK(type_of(image(), "") == media_type::kOciManifest);
  CHECK(type_of(image({{"mediaType", nullptr}}), "") == media_type::kOciManifest);
  CHECK(type_of(index({{"mediaType", nullptr}}), "") == media_type::kOciIndex);
}

TEST_CASE("the bytes of a manifest decide its type, against a server or an index") {
  const auto type_of = [](const std::string& bytes, std::string_view given) {
    const auto parsed = parse_manifest(bytes, given);
    return std::visit([](const auto& value) { return value.media_type; }, parsed);
  };
  using namespace media_type;
  CHECK(type_of(image(), kDockerManifest) == kOciManifest);
  CHECK(type_of(image({{"mediaType", nullptr}}), kDockerManifest) == kOciManifest);
  CHECK(type_of(image({{"mediaType", kDockerManifest}}), kOciManifest) == kDockerManifest);
  CHECK(type_of(index({{"mediaType", nullptr}}), kDockerManifestList) == kOciIndex);
  // An artifact may have an OCI configuration and other layers, or the other way round.
  CHECK(type_of(image({{"mediaType", nullptr}, {"layers", Json::Array{descriptor("text/plain")}}}), kDockerManifest) ==
        kOciManifest);
  // Where nothing speaks against it, a server may know that an image without a type is Docker's.
  const Json::Object docker{{"mediaType", nullptr},
                            {"config", descriptor(kDockerConfig)},
                            {"layers", Json::Array{descriptor(kDockerLayerGzip)}}};
  CHECK(type_of(image(docker), kDockerManifest) == kDockerManifest);
  CHECK(type_of(image(docker), kOciManifest) == kOciManifest);
}

TEST_CASE("a manifest of an unknown type is an image or an index by its form") {
  const auto type_of = [](const std::string& bytes) {
    return std::visit([](const auto& value) { return value.media_type; }, parse_manifest(bytes, "text/plain"));
  };
  CHECK(type_of(image()) == media_type::kOciManifest);
  CHECK(type_of(image({{"mediaType", nullptr}})) == media_type::kOciManifest);
  CHECK(type_of(index()) == media_type::kOciIndex);
  CHECK(type_of(index({{"mediaType", nullptr}})) == media_type::kOciIndex);
  CHECK(type_of(R"({"layers":[]})") == "text/plain");
  CHECK(type_of(R"({"schemaVersion":2,"config":"a word"})") == "text/plain");
}

TEST_CASE("a manifest without layers is read, whether their list is empty, null or absent") {
  CHECK(manifest_error(image({{"layers", Json::Array{}}})) == "");
  CHECK(manifest_error(image({{"layers", nullptr}})) == "");
  CHECK(manifest_error(index({{"manifests", nullptr}})) == "malformed manifest: \"manifests\" is missing");
  CHECK(manifest_error(
            R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":null})") == "");
}

TEST_CASE("a body that can be read as an index and as an image is refused") {
  const Json children = Json::Array{descriptor(media_type::kOciManifest)};
  CHECK(manifest_error(image({{"manifests", children}})) ==
        "malformed manifest: it is both an index and an image manifest");
  CHECK(manifest_error(index({{"layers", Json::Array{}}})) ==
        "malformed manifest: it is both an index and an image manifest");
  CHECK(manifest_error(index({{"config", descriptor(media_type::kOciConfig)}})) ==
        "malformed manifest: it is both an index and an image manifest");
  CHECK(manifest_error(index(), media_type::kOciManifest).find("but was served or listed as") != std::string::npos);
  CHECK(manifest_error(index({{"mediaType", nullptr}}), media_type::kOciManifest) != "");
  CHECK(manifest_error(image({{"mediaType", nullptr}}), media_type::kOciIndex) != "");
}

TEST_CASE("manifests of other kinds are refused") {
  CHECK(manifest_error(R"({"schemaVersion":1,"fsLayers":[]})").find("schema 1") != std::string::npos);
  CHECK(manifest_error(R"({"schemaVersion":1})", "application/vnd.docker.distribution.manifest.v1+prettyjws")
            .find("schema 1") != std::string::npos);
  CHECK(manifest_error(image({{"schemaVersion", 1}})) == "malformed manifest: its schema version is not 2");
  CHECK(manifest_error(image({{"schemaVersion", "2"}})) != "");
  CHECK(manifest_error(image({{"schemaVersion", nullptr}})) != "");
  CHECK(manifest_error(image({{"mediaType", 5}})) != "");
}

TEST_CASE("bodies that are no JSON object are refused") {
  for (const char* text : {"", "[]", "null", "\"x\"", "<html>"}) {
    CHECK(manifest_error(text).find("malformed manifest: ") == 0);
  }
}

TEST_CASE("descriptors with malformed fields are refused") {
  const auto layer_error = [](Json layer) {
    return manifest_error(image({{"layers", Json::Array{std::move(layer)}}}));
  };
  const std::string_view type = media_type::kOciLayerGzip;
  CHECK(layer_error(descriptor(type, 0)) == "");
  const std::string bad_size = "malformed manifest: a descriptor's size is not a whole number from 0 on";
  for (const Json& size : {Json(-1), Json(1.5), Json("7"), Json(9.3e18), Json(Json::Array{})}) {
    CHECK(layer_error(descriptor(type, size)) == bad_size);
  }
  for (const char* digest : {"", "sha256:abc", "md5:00", "../../etc/passwd"}) {
    CHECK(layer_error(descriptor(type, 7, digest)) ==
          std::string("malformed manifest: a descriptor's digest is not sha256 or sha512 and its hex digits: '") +
              digest + "'");
  }
  CHECK(layer_error(Json::Object{{"mediaType", type}, {"digest", kListedDigest}}) ==
        "malformed manifest: \"size\" is missing");
  CHECK(layer_error("text") != "");
  CHECK(manifest_error(image({{"layers", "x"}})) == "malformed manifest: \"layers\" is not an array");
  CHECK(manifest_error(image({{"config", nullptr}})) == "malformed manifest: \"config\" is missing");
}

TEST_CASE("a manifest larger than registries accept is refused unread") {
  const std::string text = image();
  CHECK(manifest_error(text + std::string(limits::kManifestBytes - text.size(), ' ')) == "");
  CHECK(manifest_error(text + std::string(limits::kManifestBytes - text.size() + 1, ' ')).find("larger than") !=
        std::string::npos);
}

TEST_CASE("an image layout's index.json is parsed") {
  const ImageIndex parsed = parse_image_index(index(), "index.json");
  CHECK(parsed.manifests.size() == 1);
  CHECK_THROWS_AS((void)parse_image_index("[]", "index.json"), Error);
  CHECK_THROWS_AS((void)parse_image_index("{}", "index.json"), Error);
}

TEST_CASE("an image configuration gives platform and labels") {
  const ImageConfig config = parse_image_config(
      R"({"os":"linux","architecture":"amd64","config":{"Labels":{"dev.carvel.imgpkg.bundle":"true"}},"x":[1]})");
  CHECK(config.platform == Platform{"linux", "amd64", "", ""});
  CHECK(config.labels.at("dev.carvel.imgpkg.bundle") == "true");
  CHECK(parse_image_config(R"({"config":{"Labels":null}})").labels.empty());
  CHECK(parse_image_config(R"({"config":null})").labels.empty());
  CHECK(parse_image_config("{}").platform == Platform{});
}

TEST_CASE("fields of an image configuration with an unexpected type are ignored") {
  CHECK(parse_image_config(R"({"os":5,"architecture":null})").platform == Platform{});
  CHECK(parse_image_config(R"({"config":{"Labels":{"a":1,"b":"c"}}})").labels ==
        std::map<std::string, std::string>{{"b", "c"}});
  for (const char* text : {R"({"config":{"Labels":[]}})", R"({"config":[]})", "[]", "5"}) {
    CAPTURE(text);
    CHECK(parse_image_config(text).labels.empty());
  }
}

TEST_CASE("an image configuration is read as leniently as Go's decoder reads it") {
  const auto labels = [](const std::string& text) { return parse_image_config(text).labels; };
  using Labels = std::map<std::string, std::string>;
  CHECK(labels(R"({"config":{"Labels":{"k":"fast \ud83d","n":null}}})") == Labels{{"k", "fast \uFFFD"}, {"n", ""}});
  CHECK(labels("{\"author\":\"M\xFCller\",\"config\":{\"Labels\":{\"k\":\"\xFC\"}}}") == Labels{{"k", "\uFFFD"}});
  CHECK(labels(R"({"config":{"Labels":{"a":"1","b":"1"}},"Config":{"labels":{"a":"2"}}})") ==
        Labels{{"a", "2"}, {"b", "1"}});
  CHECK(labels(R"({"x":1e999,"y":)" + std::string(90, '[') + std::string(90, ']') +
               R"(,"config":{"Labels":{"k":"v"}}})") == Labels{{"k", "v"}});
}

TEST_CASE("a malformed image configuration is refused, or nullopt with try_parse_image_config") {
  for (const char* text : {"", "{", "none", "{}{}", "\xEF\xBB\xBF{}"}) {
    CAPTURE(text);
    CHECK_THROWS_AS((void)parse_image_config(text), Error);
    CHECK_FALSE(try_parse_image_config(text).has_value());
  }
  CHECK_THROWS_AS((void)parse_image_config("{}" + std::string(limits::kConfigBytes, ' ')), Error);
}

TEST_CASE("a manifest's subject and a layer's URLs are parsed") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const std::string row = R"({"mediaType":"application/x","digest":")" + digest + R"(","size":2)";
  const auto parsed = parse_manifest(R"({"schemaVersion":2,"artifactType":"application/spdx+json","config":)" + row +
                                         R"(},"layers":[)" + row + R"(,"urls":["https://a.example/x"]}],"subject":)" +
                                         row + R"(},"annotations":{"k":"v"}})",
                                     media_type::kOciManifest);
  REQUIRE(subject_of(parsed) != nullptr);
  CHECK(subject_of(parsed)->digest.text() == digest);
  const auto& manifest = std::get<Manifest>(parsed);
  CHECK(manifest.artifact_type == "application/spdx+json");
  CHECK(manifest.annotations.at("k") == "v");
  CHECK(manifest.layers.at(0).urls == std::vector<std::string>{"https://a.example/x"});
  for (const char* subject : {"1", "null", "{}", R"({"digest":"md5:00"})"}) {
    const auto loose = parse_manifest(text::cat(R"({"schemaVersion":2,"manifests":[],"subject":)", subject, "}"), "");
    CHECK(subject_of(loose) == nullptr);
  }
}

TEST_CASE("malformed annotations, platforms and unknown keys are accepted") {
  const std::string row = R"({"mediaType":"application/x","digest":")" + kListedDigest + R"(","size":2,"annotations":)";
  const auto parsed = parse_manifest(R"({"schemaVersion":2,"manifests":[)" + row +
                                         R"({"a":null,"b":1,"c":"half \ud83d","c":"twice"},"platform":[]},)" + row +
                                         R"([],"platform":{"os":7,"architecture":"arm64"},"urls":5}],)" +
                                         R"("annotations":{"k":null,"l":"v"},"x":{"a":1,"a":2},)" +
                                         "\"name\":\"M\xFCller\",\"huge\":1e999,\"deep\":" + std::string(90, '[') +
                                         std::string(90, ']') + "}",
                                     "");
  const auto& index = std::get<ImageIndex>(parsed);
  using Annotations = std::map<std::string, std::string>;
  CHECK(index.annotations == Annotations{{"l", "v"}});
  CHECK(index.manifests.at(0).annotations == Annotations{{"c", "twice"}});
  CHECK(index.manifests.at(0).platform == nullptr);
  REQUIRE(index.manifests.at(1).platform != nullptr);
  CHECK(*index.manifests.at(1).platform == Platform{"", "arm64", "", ""});
}

TEST_CASE("keys that name content must occur once, in the right case") {
  const std::string row = R"({"mediaType":"application/x","digest":")" + kListedDigest + R"(","size":2)";
  const std::string good = R"({"schemaVersion":2,"config":)" + row + R"(},"layers":[)" + row + R"(}])";
  REQUIRE(manifest_error(good + "}") == "");
  for (const char* more :
       {R"("layers":[])", R"("Layers":[])", R"("LAYERS":[])", "\"layer\u017F\":[]", R"("layer\u017f":[])",
        R"("schemaVersion":2)", R"("mediatype":"x")", R"("Config":null)", R"("Manifests":[])"}) {
    CAPTURE(more);
    CHECK(manifest_error(good + "," + more + "}").find("malformed manifest: the key ") == 0);
  }
  for (const char* more :
       {R"("size":2)", R"("Size":2)", R"("digest":"x")", R"("DIGEST":"x")", R"("mediaType":"")", R"("URLs":[])"}) {
    CAPTURE(more);
    const std::string layers = R"({"schemaVersion":2,"config":)" + row + R"(},"layers":[)" + row + "," + more + "}]}";
    CHECK(manifest_error(layers).find("malformed manifest: the key ") == 0);
  }
}

TEST_CASE("artifact manifests have blobs, and manifests of unknown types the content of their form") {
  const std::string row = R"({"mediaType":"application/x","digest":")" + kListedDigest + R"(","size":2})";
  const auto artifact = std::get<Manifest>(parse_manifest(
      R"({"mediaType":"application/vnd.oci.artifact.manifest.v1+json","artifactType":"a/b","blobs":[)" + row + "]}",
      ""));
  CHECK_FALSE(artifact.config.has_value());
  CHECK(artifact.layers.size() == 1);
  const auto unknown = [&](const std::string& members) {
    return parse_manifest("{" + members + "}", "application/vnd.x+json");
  };
  CHECK(std::get<Manifest>(unknown(R"("layers":[)" + row + "]")).layers.size() == 1);
  CHECK(std::get<Manifest>(unknown(R"("config":)" + row)).config.has_value());
  CHECK(std::get<ImageIndex>(unknown(R"("manifests":[)" + row + "]")).manifests.size() == 1);
  CHECK(std::get<Manifest>(unknown(R"("x":1)")).layers.empty());
}
