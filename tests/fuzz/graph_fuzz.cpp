// Manifests that name others in any way are walked, or refused; what is walked is a tree whose every part is found,
// once, below what needs it. Digests are checked where manifests come from, so there are no circles.

#include <set>

#include "fuzz.hpp"
#include "ociferry/error.hpp"
#include "transfer/graph.hpp"

using namespace ociferry;

namespace {

constexpr std::size_t kMost = 24;
constexpr std::size_t kRoots = 4;

Digest digest_number(std::size_t number) {
  std::string hex = std::to_string(number);
  hex.insert(0, 64 - hex.size(), '0');
  return Digest::parse("sha256:" + hex);
}

std::string descriptor(std::string_view type, std::size_t number, std::size_t size) {
  return R"({"mediaType":")" + std::string(type) + R"(","digest":")" + digest_number(number).text() + R"(","size":)" +
         std::to_string(size) + "}";
}

/// A place with manifests under made-up digests. Each names only later ones, or some that are nowhere.
class Place : public ImageSource {
 public:
  /// Each byte says what the next manifest is, and whom it names.
  explicit Place(testing::FuzzBytes input) {
    while (!input.empty() && manifests_.size() < kMost) add(input);
  }
  std::optional<RawManifest> manifest(const std::string& selector) override {
    ++asked;
    for (const RawManifest& raw : manifests_) {
      if (raw.descriptor.digest.text() == selector) return raw;
    }
    return std::nullopt;
  }
  std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t, std::stop_token) override { return nullptr; }
  bool is_blob(const Descriptor&) override { return false; }
  [[nodiscard]] const std::vector<RawManifest>& manifests() const { return manifests_; }
  std::size_t asked = 0;

 private:
  void add(testing::FuzzBytes& input) {
    const std::uint8_t kind = input.next();
    const std::size_t own = manifests_.size();
    std::string entries;
    for (std::size_t left = kind & 7U; left > 0; --left) {
      const std::uint8_t target = input.next();
      if (!entries.empty()) entries += ',';
      const bool is_index = (kind & 8U) != 0;
      const auto type = !is_index             ? media_type::kOciLayer
                        : (target & 1U) != 0U ? media_type::kOciIndex
                                              : media_type::kOciManifest;
      // All manifests have the same size, but for one that lies now and then.
      entries += descriptor(type, is_index ? own + 1 + target % 8 : 100 + target % kMost, target == 255 ? 1 : kSize);
    }
    const bool is_index = (kind & 8U) != 0;
    std::string bytes =
        is_index ? R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[)" +
                       entries + "]"
                 : R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
                       descriptor("application/vnd.oci.image.config.v1+json", 200U + kind, 3) + R"(,"layers":[)" +
                       entries + "]";
    bytes.append(kSize - 1 - bytes.size(), ' ');
    bytes += '}';
    const Digest digest = digest_number(own);
    manifests_.push_back(
        {{std::string(is_index ? media_type::kOciIndex : media_type::kOciManifest), digest, kSize}, bytes});
  }

  static constexpr std::size_t kSize = 2048;
  std::vector<RawManifest> manifests_;
};

void check_closure(const Graph& graph, const Digest& root) {
  const std::vector<Digest> closure = graph.closure(root);
  std::set<Digest> seen;
  std::uint64_t bytes = 0;
  std::set<Digest> blobs;
  for (const Digest& digest : closure) {
    for (const Digest& child : graph.children(digest)) {
      testing::require(seen.contains(child), "children come before their parents");
      testing::require(graph.at(child).height < graph.at(digest).height, "a parent is higher than its children");
    }
    testing::require(seen.insert(digest).second, "a closure has everything once");
    bytes += graph.at(digest).raw.bytes.size();
    for (const Descriptor& blob : graph.blobs_of(digest)) {
      testing::require(graph.blobs().contains(blob.digest), "a blob of a manifest is a blob of the graph");
      if (blobs.insert(blob.digest).second) bytes += blob.size;
    }
  }
  testing::require(!closure.empty() && closure.back() == root, "a root is the last of its closure");
  testing::require(graph.total_bytes(root) == bytes, "the total is the sum of what is there");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto place = std::make_shared<Place>(testing::FuzzBytes(testing::fuzz_text(data, size)));
  Graph graph;
  std::size_t roots = 0;
  for (const RawManifest& root : place->manifests()) {
    if (++roots > kRoots) break;
    place->asked = 0;
    try {
      const ManifestTree tree = fetch_tree(*place, root);
      testing::require(tree.front().raw.descriptor.digest == root.descriptor.digest, "a tree begins with its root");
      graph.add(tree, place);
      check_closure(graph, root.descriptor.digest);
    } catch (const Error& error) {
      testing::require(error.code() == ErrorCode::Hostile || error.code() == ErrorCode::NotFound,
                       "what cannot be walked is hostile or has a hole");
      if (error.code() == ErrorCode::Hostile) return 0;  // nobody goes on with such a graph
    }
    testing::require(place->asked <= kMost + 1, "each manifest is asked for once");
  }
  return 0;
}
