#include "ferry/archived_layer.hpp"

#include <memory>
#include <vector>

#include "base/stop.hpp"
#include "ferry/gather/reading_archive.hpp"
#include "ociferry/error.hpp"
#include "stream/read_buffer.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

/// Reports what is read as progress.
class TalliedSource : public ByteSource {
 public:
  TalliedSource(ByteSource& inner, const Context& context) : inner_(inner), context_(context) {}
  [[nodiscard]] std::size_t read(MutableBytes buffer) override {
    throw_if_stopped(context_.stop);
    const std::size_t got = inner_.read(buffer);
    context_.progress->advance(static_cast<std::int64_t>(got));
    return got;
  }

 private:
  ByteSource& inner_;
  const Context& context_;
};

std::unique_ptr<ByteSource> open_layer(ImageArchive& archive, const Descriptor& layer, const Context& context) {
  try {
    return reading_archive([&] { return archive.open(layer, 0, context.stop); });
  } catch (Error& error) {
    if (error.code() == ErrorCode::Incomplete) {
      error.hint("a delta leaves layers out: give what it builds on with --base FILE");
    }
    throw;
  }
}

void read_on(ByteSource& content) {
  std::vector<std::byte> buffer(kReadBufferBytes);
  while (content.read(buffer) > 0) continue;
}

}  // namespace

void read_layer(ImageArchive& archive, const Descriptor& layer, const std::function<void(ByteSource&)>& use,
                const Context& context) {
  VerifyingSource unproved(open_layer(archive, layer, context), layer, archive.name_of(layer.digest));
  TalliedSource all(unproved, context);
  read_on(all);
  VerifyingSource content(open_layer(archive, layer, context), layer, archive.name_of(layer.digest));
  use(content);
}

void read_proved_layer(ImageArchive& archive, const Descriptor& layer, const std::function<void(ByteSource&)>& use,
                       const Context& context) {
  VerifyingSource verifying(open_layer(archive, layer, context), layer, archive.name_of(layer.digest));
  TalliedSource content(verifying, context);
  use(content);
  read_on(content);  // it may have changed since
}

}  // namespace ociferry
