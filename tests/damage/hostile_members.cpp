#include "hostile_members.hpp"

#include "support/sparse_members.hpp"
#include "support/tar_builder.hpp"

namespace ociferry::testing {

namespace {

using Kind = ModelMember::Kind;

std::string member(const RawTarHeader& header, std::string_view content = {}) {
  return TarBuilder().member(header, content).members();
}

std::string named(const std::string& name) { return member({.name = name, .size = 4}, "evil"); }

std::string pax(const std::string& key, const std::string& value, const RawTarHeader& header = {.name = "file"}) {
  return TarBuilder().pax(pax_record(key, value)).member(header).members();
}

std::string sparse(Dice& dice, const Sparse& file) {
  return sparse_member("sparse", file, dice.pick(std::vector(kSparseForms.begin(), kSparseForms.end()))).members();
}

std::string long_path(std::size_t size) {
  std::string path;
  while (path.size() < size) path += "0123456789/";
  return path.substr(0, size - 1) + "x";
}

/// Names that lead elsewhere, or would on some system, or that no file has.
const std::vector<std::string>& bad_names() {
  static const std::vector<std::string> names{
      "../evil",   "a/../../evil", "a/../b", "..",      "a/..",    "/../evil", "//..",
      "a/.wh.b/c", ".wh.",         ".wh...", "a/.wh..", ".wh../x", "",         "a/../../../../../../../../../tmp/evil"};
  return names;
}

const std::vector<std::string>& paths() {
  static const std::vector<std::string> all{"a",         "a/b",
                                            "a/b/c",     "a/link",
                                            "link",      "link/x",
                                            "link/x/y",  "b",
                                            "d/e",       "d",
                                            "A",         "a/B",
                                            "d/e/f",     "b/deep/er/than/all",
                                            "con",       "nul.",
                                            "a:b",       "\x1b[2J",
                                            "e\xcc\x81", "\xe2\x80\xaegpj.exe"};
  return all;
}

std::vector<ForbiddenMember> make_forbidden() {
  using D = Dice&;
  using S = const std::string&;
  return {
      {"bad name", [](D dice, S) { return named(dice.pick(bad_names())); }},
      {"absolute name that leads out", [](D, S outside) { return named("/.." + outside + "/evil"); }},
      {"bad PAX name",
       [](D dice, S outside) {
         return pax("path", dice.one_in(2) ? ".." + outside + "/evil" : dice.pick(bad_names()) + "/../x");
       }},
      {"NUL in PAX name", [](D, S) { return pax("path", std::string("good\0/../evil", 13)); }},
      {"bad GNU name",
       [](D, S) { return TarBuilder().gnu_long('L', "../../evil").member({.name = "file"}).members(); }},
      {"GNU and PAX name",
       [](D, S) {
         return TarBuilder().gnu_long('L', "one").pax(pax_record("path", "two")).member({.name = "three"}).members();
       }},
      {"two PAX headers",
       [](D, S) {
         return TarBuilder()
             .pax(pax_record("path", "one"))
             .pax(pax_record("path", "two"))
             .member({.name = "x"})
             .members();
       }},
      {"PAX header of nothing",
       [](D, S) { return TarBuilder().pax(pax_record("path", "x")).raw(std::string(1024, '\0')).members(); }},
      {"huge PAX header", [](D, S) { return pax("comment", std::string(70'000, 'x')); }},
      {"PAX header that lies about its size",
       [](D, S) { return TarBuilder().member({.name = "p", .type = 'x', .size = std::uint64_t{1} << 40}).members(); }},
      {"malformed PAX record", [](D, S) { return TarBuilder().pax("99 path=x\n").member({.name = "x"}).members(); }},
      {"global name",
       [](D, S) { return TarBuilder().pax(pax_record("path", "x"), 'g').member({.name = "y"}).members(); }},
      {"global size", [](D, S) { return TarBuilder().pax(pax_record("size", "512"), 'g').file("y", "z").members(); }},
      {"two sizes", [](D, S) { return TarBuilder().pax(pax_record("size", "1024")).file("x", "content").members(); }},
      {"size beyond the layer", [](D, S) { return member({.name = "x", .size = 8'000'000'000}); }},
      {"size beyond all",
       [](D, S) { return pax("size", "9223372036854775807", {.name = "x", .size = 8'589'934'591}); }},
      {"negative size", [](D, S) { return member({.name = "x", .size_field = std::string(12, '\xff')}); }},
      {"wrong checksum", [](D, S) { return member({.name = "x", .checksum_field = "0012345"}); }},
      {"map of holes that goes back",
       [](D dice, S) {
         return sparse(dice, {{{5, 3}, {0, 3}}, "abcdef", 100});
       }},
      {"map of holes that overlaps",
       [](D dice, S) {
         return sparse(dice, {{{0, 3}, {2, 3}}, "abcdef", 100});
       }},
      {"map of holes beyond the size",
       [](D dice, S) {
         return sparse(dice, {{{dice.one_in(2) ? 98U : 101U, 3}}, "abc", 100});
       }},
      {"map of holes beyond all",
       [](D dice, S) {
         return sparse(dice, {{{~std::uint64_t{0} >> 31, 3}}, "abc", 3});
       }},
      {"map of holes of other data",
       [](D dice, S) {
         return sparse(dice, {{{0, 2}}, "abc", 100});
       }},
      {"holes beyond the limit",
       [](D dice, S) {
         return sparse(dice, {{}, "", std::uint64_t{1} << 32});
       }},
      {"map of holes without a size", [](D, S) { return pax("GNU.sparse.map", "0,0"); }},
      {"map of holes of no version", [](D, S) { return pax("GNU.sparse.major", "2"); }},
      {"map of holes without an end",
       [](D, S) {
         std::string header =
             detail::gnu_sparse_headers("x", {std::vector(5, std::pair<std::uint64_t, std::uint64_t>(0, 0)), "", 9});
         header[512 + 504] = 1;
         return header + std::string(512, '\0') + header;
       }},
      {"map of holes for a directory", [](D, S) { return pax("GNU.sparse.size", "9", {.name = "x", .type = '5'}); }},
      {"two maps of holes",
       [](D, S) {
         return TarBuilder()
             .pax(pax_record("GNU.sparse.size", "0") + pax_record("GNU.sparse.map", "0,0"))
             .raw(detail::gnu_sparse_headers("x", {}))
             .members();
       }},
      {"global map of holes",
       [](D, S) { return TarBuilder().pax(pax_record("GNU.sparse.size", "9"), 'g').file("x", "").members(); }},
      {"unknown type",
       [](D dice, S) {
         return member({.name = "x", .type = dice.pick(std::vector<char>{'M', 'N', 'Z', '8'})});
       }},
      {"long component",
       [](D, S) { return TarBuilder().gnu_long('L', std::string(256, 'n')).member({.name = "x"}).members(); }},
      {"long path", [](D, S) { return pax("path", long_path(4097)); }},
      {"hard link outside",
       [](D dice, S outside) {
         return member(
             {.name = "x", .type = '1', .link = dice.one_in(2) ? "../outside/secret" : outside.substr(0, 99)});
       }},
      {"long hard link outside",
       [](D, S outside) { return pax("linkpath", outside + "/secret", {.name = "x", .type = '1', .link = "a"}); }},
      {"hard link with content",
       [](D, S) {
         return TarBuilder()
             .file("target", "t")
             .member({.name = "x", .type = '1', .link = "target", .size = 4}, "evil")
             .members();
       }},
      {"hard link through a link",
       [](D, S) { return TarBuilder().symlink("way", "a").hardlink("x", "way/secret").members(); }},
      {"file through a link", [](D, S) { return TarBuilder().symlink("way", ".").file("way/x", "evil").members(); }},
      {"link in a link's place",
       [](D, S) { return TarBuilder().symlink("way", "a").symlink("way", ".").directory("way/below").members(); }},
      {"directory in a link's place in a link",
       [](D, S) { return TarBuilder().symlink("up", ".").directory("up/way").file("up/way/x", "evil").members(); }},
      {"file below a file", [](D, S) { return TarBuilder().file("way", "").file("way/x", "evil").members(); }},
      {"whiteout that is a link", [](D, S) { return member({.name = ".wh.a", .type = '2', .link = "b"}); }},
      {"whiteout through a link",
       [](D, S) { return TarBuilder().symlink("way", "a").file("way/.wh.b/c", "").members(); }},
      {"file named as a directory", [](D, S) { return member({.name = "x/", .type = '2', .link = "a"}); }},
      {"root that is a file", [](D, S) { return member({.name = "./", .type = '2', .link = "a"}); }},
      {"end in the middle", [](D, S) { return std::string(512, '\0') + named("after"); }},
  };
}

std::string target(Dice& dice, const std::string& outside) {
  static const std::vector<std::string> kTargets{
      "a",      "a/b",   "../a", "..",     ".", "../../outside/secret", "b/c", "d", "link", "/etc/passwd", "a/../../x",
      "./a//b", "../..", "x/..", "../b/c", "/"};
  return dice.one_in(6) ? outside : dice.pick(kTargets);
}

}  // namespace

const std::vector<ForbiddenMember>& forbidden_members() {
  static const std::vector<ForbiddenMember> all = make_forbidden();
  return all;
}

ModelMember random_member(Dice& dice, const std::string& outside) {
  ModelMember made{.path = dice.pick(paths())};
  switch (dice.below(12)) {
    case 0:
    case 1:
    case 2: made.kind = Kind::Directory; return made;
    case 3:
    case 4:
      made.kind = Kind::Symlink;
      made.text = target(dice, outside);
      return made;
    case 5:
      made.kind = Kind::Hardlink;
      made.text = dice.pick(paths());
      return made;
    case 6: made.kind = Kind::Special; return made;
    case 7:
      made.path = (made.path.find('/') == std::string::npos ? "" : made.path.substr(0, made.path.rfind('/') + 1)) +
                  (dice.one_in(3) ? ".wh..wh..opq" : ".wh.b");
      return made;
    default: made.text = std::string(dice.below(700), static_cast<char>('a' + dice.below(26))); return made;
  }
}

namespace {

char type_of(Kind kind, Dice& dice) {
  switch (kind) {
    case Kind::File: return dice.pick(std::vector<char>{'0', '0', '\0', '7'});
    case Kind::Directory: return '5';
    case Kind::Symlink: return '2';
    case Kind::Hardlink: return '1';
    case Kind::Special: return dice.pick(std::vector<char>{'3', '4', '6'});
  }
  return '0';
}

}  // namespace

std::string bytes_of(const ModelMember& made, Dice& dice) {
  const bool is_file = made.kind == Kind::File;
  RawTarHeader header{.name = (dice.one_in(4) ? "./" : "") + made.path,
                      .type = type_of(made.kind, dice),
                      .link = is_file ? "" : made.text,
                      .size = is_file ? made.text.size() : 0,
                      .mode = dice.pick(std::vector<unsigned>{0644, 0600, 0, 04755, 02777, 01777, 07777})};
  if (made.kind == Kind::Directory && dice.one_in(2)) header.name += "/";
  TarBuilder tar;
  const std::string real_name = header.name;
  switch (dice.below(6)) {
    case 0:
      header.name = "../decoy";
      tar.pax(pax_record("path", real_name));
      break;
    case 1:
      header.name = "/decoy";
      tar.gnu_long('L', real_name);
      break;
    case 2: tar.pax(pax_record("comment", "../../evil"), 'g'); break;
    default: break;
  }
  if (header.link.size() > 100) tar.gnu_long('K', header.link);
  return tar.member(header, is_file ? made.text : "").members();
}

}  // namespace ociferry::testing
