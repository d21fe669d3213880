#include "stream/go_gzip.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "stream/crc32.hpp"
#include "stream/go_block.hpp"
#include "stream/go_match.hpp"

namespace ociferry {

namespace {

using go_deflate::BlockWriter;
using go_deflate::kPieceBytes;
using go_deflate::Matcher;
using go_deflate::Token;

/// Deflate, no flags, no time, fastest level, unknown system (RFC 1952, 2.3).
constexpr std::array<std::uint8_t, 10> kHeader = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 4, 0xFF};
/// Below these sizes Go does not look for matches, and does not compress at all.
constexpr std::size_t kMatchFrom = 128;
constexpr std::size_t kCompressFrom = 17;

void put_u32(std::array<std::byte, 8>& out, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) out[at + i] = static_cast<std::byte>(value >> (8 * i));
}

}  // namespace

struct GoGzipSink::State {
  explicit State(ByteSink& sink) : out(sink), blocks(sink), window(Matcher::kHistory + kPieceBytes) {
    tokens.reserve(kPieceBytes);
  }

  void end_piece();
  void compress(Bytes piece);

  ByteSink& out;
  BlockWriter blocks;
  Matcher matcher;
  std::vector<std::byte> window;  ///< the bytes before the piece, then the piece
  std::size_t piece_size = 0;
  std::vector<Token> tokens;
  std::uint32_t crc = 0;
  std::uint32_t size = 0;  ///< modulo 2^32, as in the trailer
};

void GoGzipSink::State::end_piece() {
  compress(Bytes(window).subspan(Matcher::kHistory, piece_size));
  // The newest bytes become the next piece's history. The last, shorter piece has no next one.
  if (piece_size == kPieceBytes) std::memcpy(window.data(), window.data() + kPieceBytes, Matcher::kHistory);
  piece_size = 0;
}

void GoGzipSink::State::compress(Bytes piece) {
  if (piece.size() < kCompressFrom) return blocks.stored(piece);
  if (piece.size() < kMatchFrom) return blocks.literals_only(piece);
  tokens.clear();
  matcher.tokenise(Bytes(window).first(Matcher::kHistory + piece.size()), tokens);
  if (tokens.size() > piece.size() - piece.size() / 16) return blocks.literals_only(piece);
  blocks.dynamic(tokens, piece);
}

GoGzipSink::GoGzipSink(ByteSink& out) : state_(std::make_unique<State>(out)) {
  out.write(std::as_bytes(std::span(kHeader)));
}

GoGzipSink::~GoGzipSink() = default;

void GoGzipSink::write(Bytes bytes) {
  State& state = *state_;
  state.crc = crc32(state.crc, bytes);
  state.size += static_cast<std::uint32_t>(bytes.size());
  while (!bytes.empty()) {
    const std::size_t count = std::min(bytes.size(), kPieceBytes - state.piece_size);
    std::memcpy(state.window.data() + Matcher::kHistory + state.piece_size, bytes.data(), count);
    state.piece_size += count;
    bytes = bytes.subspan(count);
    if (state.piece_size == kPieceBytes) state.end_piece();
  }
}

void GoGzipSink::finish() {
  State& state = *state_;
  if (state.piece_size > 0) state.end_piece();
  state.blocks.finish();
  std::array<std::byte, 8> trailer{};
  put_u32(trailer, 0, state.crc);
  put_u32(trailer, 4, state.size);
  state.out.write(trailer);
}

}  // namespace ociferry
