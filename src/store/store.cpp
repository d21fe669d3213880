#include "store/store.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "stream/memory.hpp"

namespace ociferry {

namespace {

/// Leaves out the beginning of what passes.
class RestSink : public ByteSink {
 public:
  RestSink(ByteSink& inner, std::uint64_t begin) : inner_(inner), left_out_(begin) {}
  void write(Bytes bytes) override {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(left_out_, bytes.size()));
    left_out_ -= part;
    if (part < bytes.size()) inner_.write(bytes.subspan(part));
  }

 private:
  ByteSink& inner_;
  std::uint64_t left_out_;
};

}  // namespace

void BlobSource::fetch_rest(const Descriptor& blob, std::uint64_t begin, ByteSink& sink, std::stop_token stop) {
  RestSink rest(sink, begin);
  fetch(blob, rest, std::move(stop));
}

bool BlobSource::fetch_range(const Descriptor& /*blob*/, std::uint64_t /*begin*/, std::uint64_t /*end*/,
                             ByteSink& /*sink*/, std::stop_token /*stop*/) {
  return false;
}

void BlobSource::fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop) {
  copy_stream(*open(blob, std::move(stop)), sink);
}

Error Resolver::absence(const std::string& selector) {
  return {ErrorCode::NotFound, text::cat(selector, " is not there")};
}

std::optional<std::vector<Descriptor>> Resolver::referrers(const Digest& /*subject*/) { return std::nullopt; }

std::optional<std::vector<std::string>> Resolver::tags_within(std::size_t /*most_requests*/) { return std::nullopt; }

std::string BlobSource::name_of(const Digest& blob) const {
  const auto repository = home();
  return repository ? to_string(*repository) + "@" + blob.text() : blob.text();
}

}  // namespace ociferry
