#include "layout/compact/compact_writer.hpp"

#include <algorithm>
#include <utility>

#include "archive/tar_header.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "layout/compact/watched_source.hpp"
#include "ociferry/error.hpp"
#include "recipe/gzip_recipe.hpp"

namespace ociferry::compact {

namespace {

/// Writes the members of the tar.
class Members {
 public:
  explicit Members(ByteSink& out) : out_(out) {}
  void add(const std::string& name, Bytes content) {
    out_.write(as_bytes(tar_header({.name = name, .mode = 0444, .size = content.size()})));
    out_.write(content);
    out_.write(as_bytes(std::string(static_cast<std::size_t>(tar_padding(content.size())), '\0')));
  }
  void finish() { out_.write(as_bytes(std::string(static_cast<std::size_t>(kTarEnd), '\0'))); }

 private:
  ByteSink& out_;
};

/// Writes bytes of the plain archive as they are.
class PlainBytes : public ByteSink {
 public:
  explicit PlainBytes(Members& members) : members_(members) {}
  void write(Bytes bytes) override {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), kMostPlainBytes - waiting_.size());
      waiting_.insert(waiting_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
      bytes = bytes.subspan(count);
      if (waiting_.size() == kMostPlainBytes) flush();
    }
  }
  void flush() {
    if (waiting_.empty()) return;
    members_.add(write_name({.kind = MemberKind::Plain, .number = offset_}), waiting_);
    offset_ += waiting_.size();
    waiting_.clear();
  }
  /// Bytes that were written otherwise.
  void skip(std::uint64_t bytes) { offset_ += bytes; }

 private:
  Members& members_;
  std::uint64_t offset_ = 0;  ///< in the plain archive, of `waiting_`
  std::vector<std::byte> waiting_;
};

class CompactWriter {
 public:
  CompactWriter(ArchiveReader& archive, StudiedArchive& studied, const BaseContents* base, ByteSink& out,
                Progress& progress, const std::stop_token& stop)
      : archive_(archive),
        studied_(studied),
        base_(base),
        members_(out),
        plain_(members_),
        progress_(progress),
        stop_(stop) {}

  void run() {
    write_front();
    const ArchivePlan& plan = archive_.plan();
    const std::vector<Descriptor> blobs = archive_.blobs();
    for (std::size_t i = 0; i < plan.members.size(); ++i) {
      const ArchiveMember& member = plan.members[i];
      plain_.write(as_bytes(member.header()));
      if (i < plan.files()) {
        plain_.write(as_bytes(plan.front[i].content));
      } else {
        put_blob(blobs[i - plan.files()], i - plan.files());
      }
      plain_.write(as_bytes(std::string(static_cast<std::size_t>(tar_padding(member.size)), '\0')));
    }
    plain_.write(as_bytes(std::string(static_cast<std::size_t>(kArchiveTrailerBytes), '\0')));
    plain_.flush();
    members_.finish();
  }

 private:
  void write_front() {
    const std::string header = write_header(studied_.header);
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    members_.add(std::string(kHeaderFile), as_bytes(header));
    for (std::size_t i = 0; i < studied_.base.ranges.size(); ++i) {
      const std::vector<std::byte> ranges = write_ranges(studied_.base.ranges[i]);
      bytes += ranges.size();
      count += studied_.base.ranges[i].size();
      members_.add(text::cat(kRangesPrefix, i), ranges);
    }
    if (header.size() <= kMostHeaderBytes && bytes <= kMostRangesBytes && count <= kMostRanges) return;
    throw Error(ErrorCode::Refused, text::cat(archive_.name(), " would take ", count, " files of ",
                                              studied_.base.ranges.size(), " layers of what it builds on: too many"))
        .hint("make it compact without --since, or leave out whole layers with export --have");
  }

  void put_blob(const Descriptor& blob, std::size_t index) {
    throw_if_stopped(stop_);
    const LayerForm& form = studied_.blobs[index];
    if (form.kind == MemberKind::Whole) {
      plain_.flush();
      const std::string content = text::cat(studied_.base.numbers.at(form.base_blob));
      members_.add(write_name({.kind = MemberKind::Whole, .number = index}), as_bytes(content));
      plain_.skip(blob.size);
      progress_.skip(static_cast<std::int64_t>(blob.size));
      return;
    }
    const auto source = std::make_unique<WatchedSource>(open_verified(archive_, blob, stop_), progress_);
    if (form.kind == MemberKind::Plain) {
      std::vector<std::byte> buffer(kMostPlainBytes);
      while (const std::size_t got = source->read(buffer)) {
        throw_if_stopped(stop_);
        plain_.write(Bytes(buffer).first(got));
      }
      return;
    }
    plain_.flush();
    if (form.kind == MemberKind::Gzip) {
      put_gzip(*source, form, index);
    } else {
      put_tar(*source, form, index);
    }
    plain_.skip(blob.size);
  }

  void put_gzip(ByteSource& source, const LayerForm& form, std::size_t index) {
    GzipParser parser(source);
    LayerPlace place{.form = &form, .index = index};
    std::uint64_t recipe_at = form.recipes_at;
    while (const auto piece = parser.next()) {
      throw_if_stopped(stop_);
      if (place.piece >= form.pieces.size()) check_changed();
      std::vector<std::byte> recipe(form.pieces[place.piece].recipe);
      if (studied_.recipes->read_at(recipe_at, recipe) < recipe.size()) {
        throw Error(ErrorCode::Io, text::cat(studied_.recipes->name(), " ends early"));
      }
      recipe_at += recipe.size();
      put_piece(place, piece->plain, recipe);
    }
    check_all(place);
  }

  void put_tar(ByteSource& source, const LayerForm& form, std::size_t index) {
    LayerPlace place{.form = &form, .index = index};
    std::vector<std::byte> buffer(kPieceBytes);
    while (place.piece < form.pieces.size()) {
      throw_if_stopped(stop_);
      const MutableBytes piece = MutableBytes(buffer).first(form.pieces[place.piece].plain);
      std::size_t have = 0;
      while (have < piece.size()) {
        const std::size_t got = source.read(piece.subspan(have));
        if (got == 0) break;
        have += got;
      }
      put_piece(place, piece.first(have), {});
    }
    if (source.read(buffer) > 0) check_changed();
  }

  /// How far a layer was written.
  struct LayerPlace {
    const LayerForm* form = nullptr;
    std::size_t index = 0;  ///< of the blob
    std::size_t piece = 0;
    std::uint64_t offset = 0;      ///< in what it unpacks to
    std::size_t next_content = 0;  ///< as in SharedContents::steps
  };

  void put_piece(LayerPlace& place, Bytes plain, Bytes recipe) {
    const LayerForm& form = *place.form;
    if (place.piece >= form.pieces.size() || plain.size() != form.pieces[place.piece].plain) check_changed();
    Record record{.steps = studied_.shared.steps(form.contents, place.next_content, place.offset, plain.size()),
                  .recipe = recipe,
                  .fresh = {}};
    const std::vector<std::byte> fresh = fresh_bytes(record.steps, plain);
    record.fresh = fresh;
    place.offset += plain.size();
    ++place.piece;
    const MemberName name{.kind = form.kind, .number = place.index, .piece = place.piece, .pieces = form.pieces.size()};
    members_.add(write_name(name), write_record(record));
  }

  /// What the record of a piece holds of the `plain` bytes that it stands for.
  [[nodiscard]] std::vector<std::byte> fresh_bytes(const std::vector<Step>& steps, Bytes plain) const {
    std::vector<std::byte> fresh;
    std::vector<std::byte> before;
    std::size_t at = 0;
    for (const Step& step : steps) {
      const auto count = static_cast<std::size_t>(step.bytes);
      const Bytes bytes = plain.subspan(at, count);
      at += count;
      if (step.kind == Step::Kind::Copy) continue;
      const std::size_t there = fresh.size();
      fresh.insert(fresh.end(), bytes.begin(), bytes.end());
      if (step.kind != Step::Kind::Differ) continue;
      const auto content = std::prev(studied_.base.at.upper_bound(step.from));
      before.resize(count);
      base_->read(content->second + (step.from - content->first), before);
      for (std::size_t i = 0; i < count; ++i) {
        const unsigned difference = std::to_integer<unsigned>(bytes[i]) - std::to_integer<unsigned>(before[i]);
        fresh[there + i] = static_cast<std::byte>(difference);
      }
    }
    return fresh;
  }

  void check_all(const LayerPlace& place) const {
    if (place.piece < place.form->pieces.size()) check_changed();
  }

  [[noreturn]] void check_changed() const {
    throw Error(ErrorCode::Corrupt, text::cat(archive_.name(), " changed while it was read"))
        .hint("run again when nobody writes to it");
  }

  ArchiveReader& archive_;
  StudiedArchive& studied_;
  const BaseContents* base_;
  Members members_;
  PlainBytes plain_;
  Progress& progress_;
  const std::stop_token& stop_;
};

std::uint64_t sum_of(const std::vector<Descriptor>& blobs) {
  std::uint64_t bytes = 0;
  for (const Descriptor& blob : blobs) bytes += blob.size;
  return bytes;
}

}  // namespace

std::unique_ptr<StudiedArchive> study_archive(ArchiveReader& archive, const BaseContents* base,
                                              const std::set<Digest>& layers,
                                              const std::filesystem::path& temporary_directory, Recipes which,
                                              std::size_t threads, Progress& progress, const std::stop_token& stop) {
  const std::vector<Descriptor> blobs = archive.blobs();
  progress.phase(text::cat("analysing ", blobs.size(), " blobs"), sum_of(blobs));
  TemporaryFile recipes(temporary_directory, text::cat("a temporary file in ", temporary_directory.string()));
  LayerStudy study(archive, recipes, base, which, threads, progress, stop);
  auto studied = std::unique_ptr<StudiedArchive>(new StudiedArchive{.header = {.archive_bytes = archive.total_bytes(),
                                                                               .fingerprint = archive.fingerprint(),
                                                                               .piece_bytes = kPieceBytes}});
  std::vector<Range> used;
  std::set<std::size_t> whole;
  for (const Descriptor& blob : blobs) {
    studied->blobs.push_back(study.study(blob, layers.contains(blob.digest)));
    const LayerForm& form = studied->blobs.back();
    if (form.kind == MemberKind::Whole) whole.insert(form.base_blob);
    for (const FoundContent& found : form.contents) {
      if (!found.base_steps.empty()) used.push_back(found.base);
    }
    studied->shared.count(form.contents);
  }
  for (LayerForm& form : studied->blobs) studied->shared.keep_repeated(form.contents);
  if (base != nullptr) {
    studied->base = base->take(std::move(used), whole);
    studied->shared.set_base(studied->base);
    studied->header.base = studied->base.base;
  }
  studied->header.kept_bytes = studied->base.kept_bytes + studied->shared.kept_bytes();
  studied->recipes = std::move(recipes).finish("the recipes of layers, in a temporary file");
  return studied;
}

void write_compact(ArchiveReader& archive, StudiedArchive& studied, const BaseContents* base, ByteSink& out,
                   Progress& progress, const std::stop_token& stop) {
  progress.phase(text::cat("writing ", studied.blobs.size(), " blobs"), sum_of(archive.blobs()));
  CompactWriter(archive, studied, base, out, progress, stop).run();
}

}  // namespace ociferry::compact
