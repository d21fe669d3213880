#include "hostile_image.hpp"

#include "../unit/archive/packing.hpp"
#include "base/text.hpp"
#include "hostile_members.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace {

std::string in_words(const ModelMember& member) {
  constexpr const char* kKinds[] = {"file", "directory", "symlink", "hardlink", "special"};
  const std::string shown = member.kind == ModelMember::Kind::File ? text::cat(member.text.size()) : member.text;
  return text::cat(kKinds[static_cast<int>(member.kind)], " ", text::printable(member.path), " ", shown, "; ");
}

LayerCompression random_compression(Dice& dice) {
  return dice.pick(std::vector{LayerCompression::None, LayerCompression::Gzip, LayerCompression::Zstd});
}

/// A zstd frame header that asks for a window of 2^log bytes (RFC 8878, 3.1.1).
std::string zstd_frame(unsigned log) {
  return std::string("\x28\xb5\x2f\xfd\x00", 5) + static_cast<char>((log - 10) << 3) + "\x01\x00\x00";
}

class Maker {
 public:
  Maker(Dice& dice, std::string outside) : dice_(dice), outside_(std::move(outside)) {}

  HostileImage operator()(std::uint64_t number) {
    const std::uint64_t layers = 1 + dice_.below(3);
    for (std::uint64_t i = 0; i < layers; ++i) add_layer();
    switch (number % 3) {
      case 0: image_.trick = "members in each other's way"; break;
      case 1: add_forbidden(forbidden_members()[number / 3 % forbidden_members().size()]); break;
      default: spoil(number / 3 % 9);
    }
    for (std::size_t i = 0; i < tars_.size(); ++i) add_recipe(i);
    if (is_good_) image_.tree = model_tree();
    return std::move(image_);
  }

 private:
  void add_layer() {
    tars_.emplace_back();
    members_.emplace_back();
    for (std::uint64_t i = dice_.below(9); i > 0; --i) add(random_member(dice_, outside_));
  }

  void add(const ModelMember& member) {
    image_.what += text::cat(tars_.size(), ": ", in_words(member));
    tars_.back().push_back(bytes_of(member, dice_));
    members_.back().push_back(member);
  }

  void add_forbidden(const ForbiddenMember& forbidden) {
    auto& tar = tars_.at(dice_.below(tars_.size()));
    tar.insert(tar.begin() + static_cast<std::ptrdiff_t>(dice_.below(tar.size() + 1)),
               forbidden.bytes(dice_, outside_));
    image_.trick = forbidden.trick;
    is_good_ = false;
  }

  /// Things that are wrong with whole layers, or no more than odd: how a tar ends.
  void spoil(std::uint64_t way) {
    is_good_ = way >= 3 && way <= 6;
    switch (way) {
      case 0: return too_large();
      case 1: return too_many();
      case 2: return too_deep();
      case 3:
        image_.trick = "no end";
        end_ = "";
        return;
      case 4:
        image_.trick = "half an end";
        end_ = std::string(512, '\0');
        return;
      case 5:
        image_.trick = "junk after the end";
        end_ += junk();
        return;
      case 6:
        image_.trick = "junk after the packed data";
        behind_ = junk();
        return;
      case 7:
        image_.trick = "zstd window";
        raw_ = zstd_frame(28 + static_cast<unsigned>(dice_.below(13)));
        return;
      default:
        image_.trick = "cut";
        add({.path = "last", .text = std::string(1024, 'x')});
        cut_ = true;
    }
  }

  std::string junk() { return "x" + random_bytes(dice_.below(2000), dice_.below(1000)); }

  void too_large() {
    image_.trick = "more bytes than allowed";
    image_.limits.bytes = 100'000;
    // In several files, or in one; each layer alone may be small enough.
    for (int i = 0; i < 5; ++i) add({.path = text::cat("bomb", i), .text = std::string(30'000, 'x')});
  }

  void too_many() {
    image_.trick = "more members than allowed";
    image_.limits.members = 30;
    for (int i = 0; i < 31; ++i) add({.path = text::cat("bomb", i)});
  }

  void too_deep() {
    image_.trick = "more directories than allowed";
    image_.limits.members = 40;
    std::string path = "bomb";
    for (int i = 0; i < 40; ++i) path += "/d";
    add({.path = path});
  }

  void add_recipe(std::size_t layer) {
    LayerRecipe recipe{.compression = LayerCompression::None, .tar = text::join(tars_[layer], "") + end_};
    if (!raw_.empty()) {
      recipe.tar = raw_;
    } else if (!behind_.empty()) {
      recipe.tar = packed(recipe.tar, "gzip") + behind_;
    } else if (cut_ && layer + 1 == tars_.size()) {
      // Within the last file's content, so that something must be missing.
      recipe.tar.resize(recipe.tar.size() - 1024 - 1 - dice_.below(1023));
    } else {
      recipe.compression = random_compression(dice_);
    }
    image_.layers.push_back(std::move(recipe));
  }

  std::optional<std::map<std::string, std::string>> model_tree() const {
    TreeModel model;
    for (const auto& layer : members_) {
      if (!model.apply(layer)) return std::nullopt;
    }
    return model.tree();
  }

  Dice& dice_;
  std::string outside_;
  HostileImage image_;
  std::vector<std::vector<std::string>> tars_;
  std::vector<std::vector<ModelMember>> members_;
  bool is_good_ = true;
  std::string end_ = std::string(1024, '\0');
  std::string behind_;
  std::string raw_;
  bool cut_ = false;
};

}  // namespace

HostileImage make_hostile_image(std::uint64_t seed, std::uint64_t number, const std::string& outside) {
  Dice dice(seed * 1'000'003 + number);
  return Maker(dice, outside)(number);
}

}  // namespace ociferry::testing
