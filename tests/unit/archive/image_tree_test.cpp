#include "archive/image_tree.hpp"

#include <doctest/doctest.h>

#include <functional>

#include "extraction_site.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

void apply_to(ImageTree& tree, const TarBuilder& layer) {
  StringSource source(layer.tar());
  tree.apply(source, "layer");
}

std::set<std::string> paths_of(const ImageTree& tree) {
  std::set<std::string> paths;
  for (const auto& [path, node] : tree.nodes()) paths.insert(path);
  return paths;
}

ErrorCode failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::Internal;
}

TarBuilder several_files() {
  return TarBuilder().file("a/one", "1").file("a/two", "22").file("b/x/y", "").file("a-b", "").symlink("l", "a/one");
}

}  // namespace

TEST_CASE("an image's tree lists the files that unpacking its layers gives") {
  const std::vector<std::vector<TarBuilder>> images{
      {several_files()},
      {several_files(), TarBuilder().file("a/.wh.one", "").file(".wh.b", "").file(".wh.none", ""),
       TarBuilder().file("b/back", "again").file("a/.wh.two", "")},
      {several_files(), TarBuilder().file("a/new", "").file("a/.wh..wh..opq", "").file("b/x/z", "").file(".wh.b", "")},
      {several_files(), TarBuilder().file(".wh..wh..opq", "").file("only", "")},
      {several_files(), TarBuilder().file("a", "a file now"), TarBuilder().file("a/one", "")},
      {several_files(), TarBuilder().file(".wh.l", "").file("l", "new").file("a/one", "").file("a/.wh.one", "")},
      {several_files(), TarBuilder().hardlink("h", "a/one").hardlink("k", "l"), TarBuilder().file(".wh.a", "")},
      {several_files(), TarBuilder().file(".wh..wh.aufs", "").directory(".wh..wh.plnk/").file(".wh..wh.plnk/1", "x")},
      {several_files(), TarBuilder().hardlink("h", "absent")},
      {several_files(), TarBuilder().hardlink("a", "a/one")},
      {several_files(), TarBuilder().file("d/x", "").file("d", "")},
      {several_files(), TarBuilder().file(".wh.", "")},
  };
  for (std::size_t i = 0; i < images.size(); ++i) {
    INFO("image " << i);
    Site site(Lookup::Kernel);
    ImageTree tree;
    const ErrorCode unpacked = failure_of([&] {
      for (const TarBuilder& layer : images[i]) site.apply(layer);
    });
    const ErrorCode read = failure_of([&] {
      for (const TarBuilder& layer : images[i]) apply_to(tree, layer);
    });
    CHECK(read == unpacked);
    if (unpacked == ErrorCode::Internal) CHECK(paths_of(tree) == site.listing());
  }
}

TEST_CASE("a tree knows where a file's content is, also for hard links to removed files") {
  ImageTree tree;
  apply_to(tree, TarBuilder().directory("d/").file("d/f", "first"));
  apply_to(tree, TarBuilder().file("other", "").hardlink("kept", "d/f"));
  apply_to(tree, TarBuilder().file("d/f", "second one", 04711, 77));
  const TreeNode& kept = tree.nodes().find("kept")->second;
  CHECK(kept.layer == 0);
  CHECK(kept.member == 1);
  CHECK(kept.size == 5);
  const TreeNode& now = tree.nodes().find("d/f")->second;
  CHECK(now.layer == 2);
  CHECK(now.member == 0);
  CHECK(now.size == 10);
  CHECK(now.mode == 04711);
  CHECK(now.mtime == 77);
  CHECK(now.uid == 0);
}

TEST_CASE("a directory is followed by its content, for any names of siblings") {
  ImageTree tree;
  apply_to(tree, TarBuilder().file("a-b", "").file("a.b", "").file("a/z", "").file("b", "").file("a/y/x", ""));
  std::vector<std::string> order;
  for (const auto& [path, node] : tree.nodes()) order.push_back(path);
  CHECK(order == std::vector<std::string>{"a", "a/y", "a/y/x", "a/z", "a-b", "a.b", "b"});
}

TEST_CASE("links are followed within the image only, and loops are refused") {
  ImageTree tree;
  apply_to(tree, TarBuilder()
                     .file("usr/lib/os-release", "x")
                     .symlink("etc/os-release", "../usr/lib/os-release")
                     .symlink("lib", "usr/lib")
                     .symlink("up", "../../../../usr")
                     .symlink("root", "/")
                     .symlink("absolute", "/usr/lib/os-release")
                     .symlink("loop", "pool")
                     .symlink("pool", "loop")
                     .symlink("nowhere", "missing/file"));
  const auto leads_to = [&](std::string_view path) { return tree.at(path).path; };
  for (const char* path :
       {"etc/os-release", "/etc/os-release", "lib/os-release", "up/lib/os-release", "absolute",
        "root/root/usr/lib/os-release", "usr/../usr/lib/./os-release", "../../lib/os-release", "usr//lib/os-release"}) {
    INFO(path);
    CHECK(leads_to(path) == "usr/lib/os-release");
  }
  CHECK(tree.at("lib", ImageTree::LastLink::Keep).path == "lib");
  CHECK(tree.at("lib").path == "usr/lib");
  CHECK(tree.at("/").node == nullptr);
  CHECK(failure_of([&] { static_cast<void>(tree.at("loop")); }) == ErrorCode::Hostile);
  for (const char* path : {"nowhere", "absent", "usr/lib/os-release/x", "usr/lib/os-release/"}) {
    INFO(path);
    CHECK(failure_of([&] { static_cast<void>(tree.at(path)); }) == ErrorCode::NotFound);
  }
}

TEST_CASE("members below a symbolic link are put where it leads, as in container runtimes") {
  ImageTree tree;
  apply_to(tree, TarBuilder().directory("usr/lib/").symlink("lib", "usr/lib").symlink("out", "../../outside"));
  apply_to(tree, TarBuilder().file("lib/new", "x").file("out/escaped", "x"));
  CHECK(paths_of(tree) ==
        std::set<std::string>{"lib", "out", "outside", "outside/escaped", "usr", "usr/lib", "usr/lib/new"});
  apply_to(tree, TarBuilder().file("lib/.wh.new", "").file(".wh.lib", ""));
  CHECK(paths_of(tree) == std::set<std::string>{"out", "outside", "outside/escaped", "usr", "usr/lib"});
  CHECK(failure_of([&] { apply_to(tree, TarBuilder().file("f", "").file("f/below", "")); }) == ErrorCode::Hostile);
}

TEST_CASE("members that lead out are left out and counted, and limits apply to all layers together") {
  ImageTree tree({.members = 5});
  apply_to(tree, TarBuilder().file("../evil", "x").file("good", "").hardlink("h", "../../etc/passwd"));
  CHECK(tree.refused() == 2);
  CHECK(tree.objection().find("..") != std::string::npos);
  CHECK(paths_of(tree) == std::set<std::string>{"good"});
  CHECK(failure_of([&] { apply_to(tree, TarBuilder().file("a/b/c/d/e/f", "")); }) == ErrorCode::Hostile);
}

TEST_CASE("owners are read from headers and extended headers") {
  ImageTree tree;
  apply_to(tree, TarBuilder()
                     .pax(pax_record("uid", "4000000000") + pax_record("gid", "12"))
                     .file("pax", "")
                     .pax(pax_record("uid", "nobody"))
                     .file("bad", ""));
  CHECK(tree.nodes().find("pax")->second.uid == 4000000000);
  CHECK(tree.nodes().find("pax")->second.gid == 12);
  CHECK(tree.nodes().find("bad")->second.uid == 0);  // the header's
}
