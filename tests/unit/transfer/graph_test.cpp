#include "transfer/graph.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"
#include "store/memory_target.hpp"
#include "stream/sha256.hpp"

using namespace ociferry;

namespace {

std::string row(const Descriptor& descriptor) {
  return R"({"mediaType":")" + descriptor.media_type + R"(","digest":")" + descriptor.digest.text() + R"(","size":)" +
         std::to_string(descriptor.size) + "}";
}

RawManifest raw(std::string bytes, std::string_view type) {
  Descriptor descriptor{.media_type = std::string(type), .digest = sha256(bytes), .size = bytes.size()};
  return {.descriptor = std::move(descriptor), .bytes = std::move(bytes)};
}

RawManifest put(MemoryTarget& target, RawManifest manifest) {
  target.put_manifest(manifest, manifest.descriptor.digest.text());
  return manifest;
}

RawManifest image(MemoryTarget& target, const std::string& config, const std::vector<Descriptor>& layers) {
  std::string rows;
  for (const Descriptor& layer : layers) rows += (rows.empty() ? "" : ",") + row(layer);
  const Descriptor config_blob = target.add_blob(config, std::string(media_type::kOciConfig));
  return put(target, raw(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
                             row(config_blob) + R"(,"layers":[)" + rows + "]}",
                         media_type::kOciManifest));
}

RawManifest index(MemoryTarget& target, const std::vector<RawManifest>& children) {
  std::string rows;
  for (const RawManifest& child : children) rows += (rows.empty() ? "" : ",") + row(child.descriptor);
  return put(target, raw(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
                             rows + "]}",
                         media_type::kOciIndex));
}

}  // namespace

TEST_CASE("an index is fetched with all descendants, shared ones once, children before parents") {
  const auto target = std::make_shared<MemoryTarget>();
  const Descriptor layer = target->add_blob("shared layer", std::string(media_type::kOciLayer));
  const RawManifest a = image(*target, "{\"a\":1}", {layer});
  const RawManifest b = image(*target, "{\"b\":1}", {layer});
  const RawManifest inner = index(*target, {a});
  const RawManifest outer = index(*target, {inner, a, b});

  Graph graph;
  graph.add(fetch_tree(*target, outer), target);
  CHECK(graph.manifests().size() == 4);
  CHECK(graph.blobs().size() == 3);
  CHECK(graph.at(a.descriptor.digest).height == 0);
  CHECK(graph.at(inner.descriptor.digest).height == 1);
  CHECK(graph.at(outer.descriptor.digest).height == 2);
  const auto order = graph.closure(outer.descriptor.digest);
  REQUIRE(order.size() == 4);
  CHECK(order.front() == a.descriptor.digest);
  CHECK(order.back() == outer.descriptor.digest);
  CHECK(graph.total_bytes(inner.descriptor.digest) ==
        inner.bytes.size() + a.bytes.size() + std::string("{\"a\":1}shared layer").size());
}

TEST_CASE("a blob that any image uses as configuration is one, in any order of images") {
  const auto target = std::make_shared<MemoryTarget>();
  const Descriptor empty = target->add_blob("{}", std::string(media_type::kOciLayer));
  const RawManifest as_config = image(*target, "{}", {});
  const RawManifest as_layer = image(*target, "{\"a\":1}", {empty});
  for (const auto& order : {std::vector{as_config, as_layer}, std::vector{as_layer, as_config}}) {
    Graph graph;
    for (const RawManifest& one : order) graph.add(fetch_tree(*target, one), target);
    CHECK(graph.blobs().at(empty.digest).is_config);
    graph.retain({as_layer.descriptor.digest});  // the order of an archive's blobs depends on nothing that is gone
    CHECK_FALSE(graph.blobs().at(empty.digest).is_config);
  }
}

TEST_CASE("a manifest without a type is interpreted the same in any order of places") {
  const auto target = std::make_shared<MemoryTarget>();
  const Descriptor config = target->add_blob("{}", "application/json");
  const RawManifest silent = put(
      *target, raw(R"({"schemaVersion":2,"config":)" + row(config) + R"(,"layers":[]})", media_type::kDockerManifest));
  RawManifest as_oci = silent;
  as_oci.descriptor.media_type = media_type::kOciManifest;
  const RawManifest list = index(*target, {as_oci});
  for (const auto& order : {std::vector{silent, list}, std::vector{list, silent}}) {
    Graph graph;
    for (const RawManifest& one : order) graph.add(fetch_tree(*target, one), target);
    const Graph::ManifestNode& node = graph.at(silent.descriptor.digest);
    CHECK(node.raw.descriptor.media_type == media_type::kDockerManifest);
    CHECK(std::get<Manifest>(node.parsed).media_type == media_type::kDockerManifest);
  }
}

TEST_CASE("a missing child is named with its index") {
  const auto target = std::make_shared<MemoryTarget>();
  MemoryTarget elsewhere;
  const RawManifest child = image(elsewhere, "{}", {});
  const RawManifest broken = index(elsewhere, {child});
  try {
    static_cast<void>(fetch_tree(*target, broken));
    FAIL("the child is not there");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::NotFound);
    CHECK(error.message().find(child.descriptor.digest.text()) != std::string::npos);
    CHECK(error.message().find(broken.descriptor.digest.text()) != std::string::npos);
  }
}

TEST_CASE("an index with one present image is fetched with it, and lists the absent children") {
  const auto target = std::make_shared<MemoryTarget>();
  MemoryTarget elsewhere;
  const RawManifest here = image(*target, "{\"a\":1}", {});
  image(elsewhere, "{\"a\":1}", {});
  const RawManifest away = image(elsewhere, "{\"b\":1}", {});
  const RawManifest inner = index(elsewhere, {away, here});
  const RawManifest outer = index(elsewhere, {inner, away, here});

  Graph graph;
  graph.add(fetch_tree(*target, inner), target);
  CHECK(graph.closure(inner.descriptor.digest) == std::vector{here.descriptor.digest, inner.descriptor.digest});
  CHECK(graph.children(inner.descriptor.digest) == std::vector{here.descriptor.digest});
  REQUIRE(graph.absent_children(inner.descriptor.digest).size() == 1);
  CHECK(graph.absent_children(inner.descriptor.digest).front().digest == away.descriptor.digest);
  CHECK(graph.at(inner.descriptor.digest).height == 1);

  SUBCASE("a nested index that is absent is absent as a whole") {
    graph.add(fetch_tree(*target, outer), target);
    CHECK(graph.absent_children(outer.descriptor.digest).size() == 1);  // the inner one is known by now
    CHECK(fetch_tree(*target, outer).size() == 2);
  }
  SUBCASE("children that are said to be absent are not requested, and no others may be absent") {
    const std::size_t asked = target->operations().size();
    CHECK(fetch_tree(*target, inner, {.absent = std::set{away.descriptor.digest}}).size() == 2);
    CHECK(target->operations().size() == asked + 1);
    CHECK_THROWS_AS(static_cast<void>(fetch_tree(*target, inner, {.absent = std::set<Digest>{}})), Error);
  }
  SUBCASE("an image that lacks a blob counts as absent") {
    const auto holds = [&](const Descriptor& blob) { return blob.digest != sha256("{\"a\":1}"); };
    CHECK_THROWS_AS(static_cast<void>(fetch_tree(*target, inner, {.holds = holds})), Error);
  }
}

TEST_CASE("an index comes after its absent children that are added later") {
  const auto target = std::make_shared<MemoryTarget>();
  MemoryTarget elsewhere;
  const RawManifest here = image(*target, "{\"a\":1}", {});
  image(elsewhere, "{\"a\":1}", {});
  const RawManifest late = index(elsewhere, {here});
  const RawManifest root = index(elsewhere, {late, here});
  Graph graph;
  graph.add(fetch_tree(*target, root), target);
  CHECK(graph.at(root.descriptor.digest).height == 1);
  graph.add(fetch_tree(*target, put(*target, late)), target);
  CHECK(graph.at(root.descriptor.digest).height == 2);
  CHECK(graph.absent_children(root.descriptor.digest).empty());
}

TEST_CASE("merged graphs have the content of both, and what is retained keeps its source") {
  const auto target = std::make_shared<MemoryTarget>();
  const auto other = std::make_shared<MemoryTarget>();
  MemoryTarget elsewhere;
  const std::string type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
  const Descriptor shared = elsewhere.add_blob("shared", std::string(media_type::kOciLayer));
  const Descriptor foreign = elsewhere.add_blob("foreign", type);
  for (MemoryTarget* one : {target.get(), other.get()}) {
    one->add_blob("shared", shared.media_type);
    one->add_blob("foreign", type);
    image(*one, "{\"a\":1}", {shared, foreign});
  }
  const RawManifest here = image(elsewhere, "{\"a\":1}", {shared, foreign});
  image(elsewhere, "{\"b\":1}", {shared});
  const RawManifest late = index(*other, {image(*other, "{\"b\":1}", {shared})});
  const RawManifest root = index(elsewhere, {put(elsewhere, late), here});

  Graph graph;
  graph.add(fetch_tree(*target, root), target);
  Graph second;
  second.add(fetch_tree(*other, late), other);
  second.add(fetch_tree(*other, here), other, Graph::move_all);
  REQUIRE(graph.at(root.descriptor.digest).height == 1);
  graph.add(second);
  CHECK(graph.manifests().size() == 4);
  CHECK(graph.absent_children(root.descriptor.digest).empty());
  CHECK(graph.at(root.descriptor.digest).height == 2);
  CHECK(graph.skipped_layers().empty());
  CHECK(graph.blobs().at(shared.digest).source == target);
  CHECK(graph.blobs().at(foreign.digest).source == other);

  const std::vector<Digest> needed = graph.closure(late.descriptor.digest);
  graph.retain({needed.begin(), needed.end()});
  CHECK(graph.blobs().size() == 2);
  CHECK(graph.blobs().at(shared.digest).source == target);
  CHECK(graph.blobs().at(sha256("{\"b\":1}")).source == other);
}

TEST_CASE("a child of another type is the blob or the manifest that its place has") {
  const auto target = std::make_shared<MemoryTarget>();
  const Descriptor layer = target->add_blob("layer", std::string(media_type::kOciLayerGzip));
  const RawManifest thing =
      put(*target, raw(R"({"layers":[)" + row(layer) + "]}", "application/vnd.example.thing.v1+json"));
  const RawManifest blob{.descriptor = target->add_blob("text", "text/plain"), .bytes = {}};
  const RawManifest mixed = index(*target, {thing, blob});
  Graph graph;
  graph.add(fetch_tree(*target, mixed), target);
  CHECK(graph.children(mixed.descriptor.digest) == std::vector{thing.descriptor.digest});
  REQUIRE(graph.blobs_of(mixed.descriptor.digest).size() == 1);
  CHECK(graph.blobs_of(mixed.descriptor.digest).front().digest == blob.descriptor.digest);
  CHECK(graph.blobs_of(thing.descriptor.digest).front().digest == layer.digest);
  CHECK(graph.absent_children(mixed.descriptor.digest).empty());
}

TEST_CASE("an empty index is complete") {
  const auto target = std::make_shared<MemoryTarget>();
  CHECK(fetch_tree(*target, index(*target, {})).size() == 1);
}

TEST_CASE("manifests with contradictory sizes of a blob are refused") {
  const auto target = std::make_shared<MemoryTarget>();
  Descriptor layer = target->add_blob("layer", std::string(media_type::kOciLayer));
  const RawManifest a = image(*target, "{\"a\":1}", {layer});
  layer.size += 1;
  const RawManifest b = image(*target, "{\"b\":1}", {layer});
  Graph graph;
  graph.add(fetch_tree(*target, a), target);
  CHECK_THROWS_AS(graph.add(fetch_tree(*target, b), target), Error);
}

TEST_CASE("an index that lists a child twice, in two sizes or as two kinds, is refused") {
  const auto target = std::make_shared<MemoryTarget>();
  const RawManifest child = image(*target, "{}", {});
  CHECK(fetch_tree(*target, index(*target, {child, child})).size() == 2);
  RawManifest other_size = child;
  other_size.descriptor.size += 1;
  CHECK_THROWS_AS(static_cast<void>(fetch_tree(*target, index(*target, {child, other_size}))), Error);
  RawManifest other_type = child;
  other_type.descriptor.media_type = media_type::kOciIndex;
  CHECK_THROWS_AS(static_cast<void>(fetch_tree(*target, index(*target, {child, other_type}))), Error);
}

TEST_CASE("layers that may not be redistributed can later be left out, or taken from elsewhere") {
  const auto target = std::make_shared<MemoryTarget>();
  const std::string type = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
  const Descriptor foreign = target->add_blob("foreign", type);
  const Descriptor shared = target->add_blob("shared", type);  // which another image lists as an ordinary layer
  Descriptor ordinary = shared;
  ordinary.media_type = media_type::kOciLayer;
  Graph graph;
  graph.add(fetch_tree(*target, image(*target, "{\"a\":1}", {foreign, shared})), target, Graph::move_all);
  graph.add(fetch_tree(*target, image(*target, "{\"b\":1}", {ordinary})), target);
  graph.skip_nondistributable();
  CHECK(graph.blobs().size() == 3);
  CHECK(graph.blobs().contains(shared.digest));
  REQUIRE(graph.skipped_layers().size() == 1);
  CHECK(graph.skipped_layers().contains(foreign.digest));

  const auto elsewhere = std::make_shared<MemoryTarget>();
  graph.move_skipped([&](const Digest&) { return elsewhere; });
  CHECK(graph.skipped_layers().empty());
  CHECK(graph.blobs().at(foreign.digest).source == elsewhere);
}

TEST_CASE("layers that may not be redistributed are left out and reported") {
  const auto target = std::make_shared<MemoryTarget>();
  const Descriptor foreign{.media_type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                           .digest = sha256("elsewhere"),
                           .size = 9};
  const Descriptor config = target->add_blob("{}", std::string(media_type::kOciConfig));
  const RawManifest windows =
      raw(R"({"schemaVersion":2,"config":)" + row(config) + R"(,"layers":[)" + row(foreign) + "]}",
          media_type::kOciManifest);
  Graph graph;
  graph.add(fetch_tree(*target, windows), target);
  CHECK_FALSE(graph.blobs().contains(foreign.digest));
  CHECK(graph.skipped_layers().contains(foreign.digest));
  CHECK(graph.blobs_of(windows.descriptor.digest).size() == 1);

  Graph with_all;
  with_all.add(fetch_tree(*target, windows), target, Graph::move_all);
  CHECK(with_all.blobs().contains(foreign.digest));
  CHECK(with_all.skipped_layers().empty());
  CHECK(with_all.blobs_of(windows.descriptor.digest).size() == 2);
}

TEST_CASE("a child keeps its type if its index confuses OCI's and Docker's types") {
  const auto target = std::make_shared<MemoryTarget>();
  RawManifest child = image(*target, "{}", {});
  const Digest digest = child.descriptor.digest;
  child.descriptor.media_type = media_type::kDockerManifest;
  const RawManifest both = index(*target, {child, image(*target, "{}", {})});
  Graph graph;
  graph.add(fetch_tree(*target, both), target);
  CHECK(graph.at(digest).raw.descriptor.media_type == media_type::kOciManifest);
  child.descriptor.media_type = media_type::kOciIndex;
  CHECK_THROWS_AS(static_cast<void>(fetch_tree(*target, index(*target, {child}))), Error);
}

TEST_CASE("an index that is listed without a type, or with an unknown one, is still an index") {
  const auto target = std::make_shared<MemoryTarget>();
  const RawManifest inner = index(*target, {image(*target, "{}", {})});
  for (const char* type : {"", "text/plain"}) {
    RawManifest listed = inner;
    listed.descriptor.media_type = type;
    const RawManifest outer = index(*target, {inner, listed});
    const ManifestTree tree = fetch_tree(*target, outer);
    REQUIRE(tree.size() == 3);
    CHECK(tree[1].raw.descriptor.media_type == media_type::kOciIndex);
    const RawManifest other = index(*target, {listed});
    CHECK(fetch_tree(*target, other).at(1).raw.descriptor.media_type == media_type::kOciIndex);
  }
}
