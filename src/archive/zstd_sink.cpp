#include "archive/zstd_sink.hpp"

#include <zstd.h>

#include <vector>

#include "archive/limits.hpp"
#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

std::size_t checked(std::size_t result) {
  if (ZSTD_isError(result) == 0) return result;
  throw Error(ErrorCode::Internal, text::cat("compressing with zstd failed: ", ZSTD_getErrorName(result)));
}

}  // namespace

struct ZstdSink::State {
  struct FreeContext {
    void operator()(ZSTD_CCtx* one) const { ZSTD_freeCCtx(one); }
  };
  std::unique_ptr<ZSTD_CCtx, FreeContext> context{ZSTD_createCCtx()};
  std::vector<std::byte> buffer = std::vector<std::byte>(ZSTD_CStreamOutSize());
};

ZstdSink::ZstdSink(ByteSink& out, int level) : out_(out), state_(std::make_unique<State>()) {
  ZSTD_CCtx* context = state_->context.get();
  if (context == nullptr) throw Error(ErrorCode::Internal, "libzstd gave no compressor");
  const auto set = [&](ZSTD_cParameter name, int value) {
    static_cast<void>(checked(ZSTD_CCtx_setParameter(context, name, value)));
  };
  set(ZSTD_c_compressionLevel, level);
  set(ZSTD_c_windowLog, limits::kZstdWindowLog);
  set(ZSTD_c_enableLongDistanceMatching, 1);
  set(ZSTD_c_checksumFlag, 1);
}

ZstdSink::~ZstdSink() = default;

void ZstdSink::write(Bytes bytes) {
  if (!bytes.empty()) compress(bytes, false);
}

void ZstdSink::finish() { compress({}, true); }

void ZstdSink::compress(Bytes bytes, bool is_end) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::size_t left = 0;
  do {
    ZSTD_outBuffer out{state_->buffer.data(), state_->buffer.size(), 0};
    left = checked(ZSTD_compressStream2(state_->context.get(), &out, &in, is_end ? ZSTD_e_end : ZSTD_e_continue));
    if (out.pos > 0) out_.write(Bytes(state_->buffer).first(out.pos));
  } while (is_end ? left > 0 : in.pos < in.size);
}

}  // namespace ociferry
