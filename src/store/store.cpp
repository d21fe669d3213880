#include "ociferry/store.hpp"

#include "stream/memory.hpp"

namespace ociferry {

void BlobSource::fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop) {
  copy_stream(*open(blob, std::move(stop)), sink);
}

std::optional<std::vector<Descriptor>> Resolver::referrers(const Digest& /*subject*/) { return std::nullopt; }

std::optional<std::vector<std::string>> Resolver::tags_within(std::size_t /*most_requests*/) { return std::nullopt; }

std::string BlobSource::name_of(const Digest& blob) const {
  const auto repository = home();
  return repository ? to_string(*repository) + "@" + blob.text() : blob.text();
}

}  // namespace ociferry
