#include "layout/compact/layer_study.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "archive/packing.hpp"
#include "archive/tar_parser.hpp"
#include "base/in_order.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "layout/compact/difference.hpp"
#include "layout/compact/watched_source.hpp"
#include "ociferry/error.hpp"
#include "recipe/gzip_recipe.hpp"
#include "recipe/predictor_choice.hpp"
#include "stream/verify.hpp"

namespace ociferry::compact {

namespace {

class HashingSink : public ByteSink {
 public:
  explicit HashingSink(std::string_view algorithm) : hasher_(algorithm) {}
  void write(Bytes bytes) override { hasher_.update(bytes); }
  [[nodiscard]] Digest finish() { return hasher_.finish(); }

 private:
  Hasher hasher_;
};

struct PieceToTry {
  GzipPiece piece;
  std::vector<std::byte> history;
  Predictor predictor;
};
struct TriedPiece {
  std::size_t plain = 0;
  std::vector<std::byte> recipe;
  BitRun bits;
};

TriedPiece try_piece(const PieceToTry& one) {
  TriedPiece tried{
      .plain = one.piece.plain.size(), .recipe = recipe_of(one.piece, one.history, one.predictor), .bits = {}};
  tried.bits = rebuilt(tried.recipe, one.piece.plain, one.history);
  return tried;
}

std::vector<std::byte> last_bytes(Bytes before, Bytes piece) {
  std::vector<std::byte> bytes(before.begin(), before.end());
  bytes.insert(bytes.end(), piece.begin(), piece.end());
  if (bytes.size() > kPieceHistory) {
    bytes.erase(bytes.begin(), bytes.end() - static_cast<std::ptrdiff_t>(kPieceHistory));
  }
  return bytes;
}

/// The first block of a tar, or less, of a blob.
std::vector<std::byte> head_of(ByteSource& blob) {
  std::vector<std::byte> head(kTarBlock);
  std::size_t have = 0;
  while (have < head.size()) {
    const std::size_t got = blob.read(MutableBytes(head).subspan(have));
    if (got == 0) break;
    have += got;
  }
  head.resize(have);
  return head;
}

bool is_tar(Bytes head) {
  if (head.size() < kTarBlock || is_all_zero(head)) return false;
  try {
    static_cast<void>(parse_tar_block(head));
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Compares what is found with the base.
class Comparer : public ContentWatcher {
 public:
  explicit Comparer(const BaseContents& base) : base_(base) {}
  [[nodiscard]] bool wants(const std::string& path, std::uint64_t size) override {
    return size <= kMostComparedBytes && base_.find_older(path, size);
  }
  void found(FoundContent& content, const std::string& path, Bytes bytes) override {
    if (const auto same = base_.find(content.key, content.size)) {
      content.base = *same;
      content.base_steps = {{.kind = Step::Kind::Copy, .bytes = content.size}};
      return;
    }
    const auto older = base_.find_older(path, content.size);
    if (bytes.empty() || !older || older->bytes > kMostComparedBytes) return;
    std::vector<std::byte> before(static_cast<std::size_t>(older->bytes));
    base_.read(older->offset, before);
    std::vector<Step> steps = difference(before, bytes);
    std::uint64_t fresh = 0;
    for (const Step& step : steps) fresh += step.kind == Step::Kind::New ? step.bytes : 0;
    const bool have_little_in_common = fresh > content.size - content.size / 8 || steps.size() > content.size / 16;
    if (have_little_in_common) return;
    content.base = *older;
    content.base_steps = std::move(steps);
  }

 private:
  const BaseContents& base_;
};

/// Takes `source`, a layer in gzip, apart. `each` is called with every piece, the last bytes before it, and the
/// predictor for it. Returns what files it has, compared with `base`, which may be null.
template <typename Each>
std::vector<FoundContent> take_apart(ByteSource& source, const BaseContents* base, const std::stop_token& stop,
                                     Each&& each) {
  GzipParser parser(source);
  std::optional<Comparer> comparer;
  if (base != nullptr) comparer.emplace(*base);
  ContentFinder finder(comparer ? &*comparer : nullptr);
  std::vector<std::byte> history;
  PredictorChoice predictors;
  while (auto piece = parser.next()) {
    throw_if_stopped(stop);
    const Predictor predictor = predictors.next(*piece, history);
    finder.write(piece->plain);
    std::vector<std::byte> next_history = last_bytes(history, piece->plain);
    each(*std::move(piece), std::exchange(history, std::move(next_history)), predictor);
  }
  return finder.take();
}

/// Throws Error{Refused} if it is too large.
void check_recipe(const LayerForm& form, const Descriptor& blob) {
  if (form.recipe_bytes <= blob.size / 100 * LayerStudy::kMostRecipePercent) return;
  throw Error(ErrorCode::Refused, text::cat("its recipe would take ", text::human_bytes(form.recipe_bytes)));
}

}  // namespace

std::unique_ptr<ByteSource> open_verified(ImageSource& archive, const Descriptor& blob, const std::stop_token& stop) {
  return std::make_unique<VerifyingSource>(archive.open(blob, 0, stop), blob, archive.name_of(blob.digest));
}

LayerForm LayerStudy::study(const Descriptor& blob, bool from_base) {
  throw_if_stopped(stop_);
  LayerForm form;
  const BaseContents* const base = from_base ? base_ : nullptr;
  if (const auto same = base == nullptr ? std::nullopt : base->find_blob(blob)) {
    progress_.skip(static_cast<std::int64_t>(blob.size));
    return {.kind = MemberKind::Whole, .base_blob = *same};
  }
  if (blob.size >= kLeastBytes) {
    const std::vector<std::byte> head = head_of(*archive_.open(blob, 0, stop_));
    if (as_text(head).starts_with("\x1f\x8b")) {
      form = study_gzip(blob, base);
    } else if (is_tar(head)) {
      return study_tar(blob, base);
    }
    form.is_zstd = packing_of(as_text(head)) == "zstd";
  }
  if (form.kind == MemberKind::Plain) progress_.skip(static_cast<std::int64_t>(blob.size));
  return form;
}

LayerForm LayerStudy::study_tar(const Descriptor& blob, const BaseContents* base) {
  WatchedSource source(open_verified(archive_, blob, stop_), progress_);
  std::optional<Comparer> comparer;
  if (base != nullptr) comparer.emplace(*base);
  ContentFinder finder(comparer ? &*comparer : nullptr);
  std::vector<std::byte> buffer(kPieceBytes);
  while (const std::size_t got = source.read(buffer)) finder.write(Bytes(buffer).first(got));
  LayerForm form{.kind = MemberKind::Tar, .contents = finder.take(), .unpacked_bytes = blob.size};
  for (std::uint64_t at = 0; at < blob.size; at += kPieceBytes) {
    form.pieces.push_back({.plain = static_cast<std::uint32_t>(std::min<std::uint64_t>(kPieceBytes, blob.size - at))});
  }
  return form;
}

void LayerStudy::write_recipe(const std::vector<std::byte>& recipe, std::size_t plain, LayerForm& form) {
  if (recipe.size() > kPieceBytes) throw Error(ErrorCode::Refused, "a recipe would be larger than what it is for");
  recipes_.write(recipe);
  recipe_bytes_ += recipe.size();
  form.recipe_bytes += recipe.size();
  form.unpacked_bytes += plain;
  form.pieces.push_back(
      {.plain = static_cast<std::uint32_t>(plain), .recipe = static_cast<std::uint32_t>(recipe.size())});
}

LayerForm LayerStudy::try_gzip(ByteSource& source, const Descriptor& blob, const BaseContents* base) {
  LayerForm form{.kind = MemberKind::Gzip, .recipes_at = recipe_bytes_};
  HashingSink rebuilt_blob(blob.digest.algorithm());
  BitRunJoiner joiner(rebuilt_blob);
  InOrder<PieceToTry, TriedPiece> tries(threads_, 2 * threads_ + 2, try_piece);
  const auto take = [&] {
    const TriedPiece tried = tries.take();
    joiner.append(tried.bits);
    write_recipe(tried.recipe, tried.plain, form);
  };
  form.contents =
      take_apart(source, base, stop_, [&](GzipPiece piece, std::vector<std::byte> history, const Predictor& predictor) {
        if (tries.is_full()) take();
        tries.put({std::move(piece), std::move(history), predictor});
      });
  while (!tries.is_empty()) take();
  joiner.finish();
  if (rebuilt_blob.finish() != blob.digest) throw Error(ErrorCode::Internal, "it is not rebuilt to the same bytes");
  check_recipe(form, blob);
  return form;
}

LayerForm LayerStudy::sample_gzip(ByteSource& source, const Descriptor& blob, const BaseContents* base) {
  constexpr std::size_t kAllUpTo = 8;  // pieces
  constexpr std::size_t kSampledOf = 4;
  LayerForm form{.kind = MemberKind::Gzip};
  std::uint64_t sampled = 0;  // of the pieces behind the first ones
  std::uint64_t in_all = 0;
  std::uint64_t recipes = 0;
  const auto sample = [&](const GzipPiece& piece, const std::vector<std::byte>& history, const Predictor& predictor) {
    const std::size_t index = form.pieces.size();
    const std::size_t size = piece.plain.size();
    const bool is_first = index < kAllUpTo;
    if (!is_first) in_all += size;
    if (is_first || index % kSampledOf == 0) {
      (is_first ? form.recipe_bytes : recipes) += recipe_of(piece, history, predictor).size();
      if (!is_first) sampled += size;
    }
    form.unpacked_bytes += size;
    form.pieces.push_back({.plain = static_cast<std::uint32_t>(size)});
  };
  form.contents = take_apart(source, base, stop_, sample);
  if (sampled > 0) {
    form.recipe_bytes += static_cast<std::uint64_t>(static_cast<double>(recipes) * static_cast<double>(in_all) /
                                                    static_cast<double>(sampled));
  }
  check_recipe(form, blob);
  return form;
}

LayerForm LayerStudy::study_gzip(const Descriptor& blob, const BaseContents* base) {
  WatchedSource source(open_verified(archive_, blob, stop_), progress_);
  try {
    return which_ == Recipes::All ? try_gzip(source, blob, base) : sample_gzip(source, blob, base);
  } catch (const Error& error) {
    const bool is_about_content = error.code() == ErrorCode::Corrupt || error.code() == ErrorCode::Hostile ||
                                  error.code() == ErrorCode::Refused || error.code() == ErrorCode::Internal;
    if (source.has_failed() || !is_about_content) throw;
    progress_.advance(-static_cast<std::int64_t>(source.count()));
    return {.why_as_it_is = error.message()};
  }
}

}  // namespace ociferry::compact
