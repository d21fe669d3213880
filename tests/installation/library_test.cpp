#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <list>
#include <regex>
#include <set>

#include "base/text.hpp"
#include "ociferry/version.hpp"
#include "stage.hpp"
#include "support/golden.hpp"
#include "support/image_builder.hpp"
#include "support/registry_server.hpp"

// The library as somebody uses it who has nothing but what is installed.

using namespace ociferry;
using namespace ociferry::testing;
namespace fs = std::filesystem;

namespace {

const fs::path kExamples = fs::path(SOURCE_ROOT) / "examples";
constexpr std::array kNames = {"list_archive", "carry"};

enum class Kind { Shared, Static };

/// As `lacks`, for what is no program.
bool lacks_part(bool is_there, const std::string& what) {
  if (!is_there) std::cout << "SKIPPED: this needs " << what << std::endl;
  return !is_there;
}

bool lacks_library(Kind kind) {
  const std::string kinds = LIBRARY_KINDS;
  const std::string wanted = kind == Kind::Shared ? "shared" : "static";
  return lacks_part(kinds == "both" || kinds == wanted, "a build with default_library=" + wanted + " or both");
}

/// Runs compilers side by side.
void compile_all(const std::vector<Words>& commands) {
  std::list<Process> compilers;
  for (const Words& command : commands) compilers.emplace_back(Program{.arguments = command});
  for (Process& compiler : compilers) {
    const Outcome outcome = compiler.wait();
    CHECK(outcome.err == "");
    REQUIRE(outcome.exit_code == 0);
  }
}

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// The examples, compiled once with the options of pkg-config, in a directory of their own.
class Objects {
 public:
  static const Objects& get() {
    static const Objects objects;
    return objects;
  }
  [[nodiscard]] std::string of(const std::string& name) const { return (directory_.path() / (name + ".o")).string(); }

 private:
  Objects() {
    std::vector<Words> commands;
    for (const char* name : kNames) {
      const Words strict = {COMPILER, "-std=c++20", "-Wall", "-Wextra", "-Werror"};
      const Words options = Installation::get().pkg_config({"--cflags"});
      commands.push_back(strict + options + Words{"-c", kExamples / (std::string(name) + ".cpp"), "-o", of(name)});
    }
    compile_all(commands);
  }

  TempDirectory directory_ = temp_directory();
};

/// The examples, linked with one kind of the library by the options of pkg-config.
class Examples {
 public:
  explicit Examples(Kind kind) : kind_(kind) {
    Words options = Installation::get().pkg_config({"--libs"});
    if (kind == Kind::Static) {
      std::ranges::replace(options, std::string("-lociferry"), std::string("-l:libociferry.a"));
      options = options + Installation::get().pkg_config({"--libs"},
                                                         Installation::get().pkg_config({"--print-requires-private"}));
    }
    std::vector<Words> commands;
    for (const char* name : kNames) {
      commands.push_back(Words{COMPILER, Objects::get().of(name)} + options + Words{"-o", at(name)});
    }
    compile_all(commands);
    write_text(at("vault"), "");
  }

  [[nodiscard]] std::string at(const std::string& name) const { return (directory_.path() / name).string(); }

  [[nodiscard]] Outcome run(Words arguments) const {
    arguments.front() = at(arguments.front());
    Variables environment = {{"HOME", at("home")}, {"CARRY_VAULT", at("vault")}};
    if (kind_ == Kind::Shared) environment["LD_LIBRARY_PATH"] = Installation::get().libraries().string();
    return testing::run({.arguments = arguments, .environment = environment});
  }
  /// What it prints; it must succeed.
  [[nodiscard]] std::string succeed(const Words& arguments) const {
    const Outcome outcome = run(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.exit_code == 0);
    return outcome.out;
  }

 private:
  Kind kind_;
  TempDirectory directory_ = temp_directory();
};

void carry_an_image(const Examples& examples) {
  RegistryServer outside({.user = "ann:s3cret"});
  RegistryServer inside({.user = "bob:pa55word"});
  const Image image = make_image();
  push_image(outside, "team/app", image, "v1");
  const std::string archive = examples.at("app.tar");
  const Words export_it = {"carry", "export", outside.host() + "/team/app:v1", archive};

  const Outcome refused = examples.run(export_it);
  CHECK(refused.exit_code == 20);
  CHECK(refused.err.find("carry: ") != std::string::npos);

  write_text(examples.at("vault"), outside.host() + " ann s3cret\n" + inside.host() + " bob pa55word\n");
  const std::string exported = examples.succeed(export_it);
  const std::string fingerprint = exported.substr(exported.find("fingerprint ") + 12, 39);
  CHECK(exported.starts_with("1 images, "));

  const std::string listed = examples.succeed({"list_archive", archive, fingerprint});
  CHECK(listed.find("checked 3 blobs of 1 images\nfingerprint " + fingerprint + "\nsealed archive, ") == 0);
  CHECK(listed.find("image " + outside.host() + "/team/app@" + image.descriptor.digest.text()) != std::string::npos);
  CHECK(listed.find("  layer sha256:") != std::string::npos);

  const std::string there = inside.host() + "/mirror/app";
  CHECK(examples.succeed({"carry", "import", archive, there}).find(" is " + there + "@sha256:") != std::string::npos);
  const HttpAnswer manifest =
      inside.request("GET", "/v2/mirror/app/manifests/v1", {"Accept: " + image.descriptor.media_type});
  CHECK(manifest.body == image.manifests.back().bytes);
}

/// An Error that the library throws is caught as what it is.
void find_damage(const Examples& examples) {
  const std::string archive = examples.at("app.tar");
  std::string bytes = read_text(archive);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_text(archive, bytes);
  const Outcome outcome = examples.run({"list_archive", archive});
  CHECK(outcome.exit_code == 10);
  CHECK(outcome.err.starts_with("list_archive: "));
  CHECK(examples.run({"list_archive", archive + ".not"}).exit_code == 22);
}

}  // namespace

TEST_CASE("the shared library exports its public interface and nothing else") {
  if (lacks_library(Kind::Shared)) return;
  if (lacks({"nm"})) return;
  const fs::path library = Installation::get().libraries() / ("libociferry.so." + std::string(version()));
  std::set<std::string> symbols;
  for (const std::string& line :
       text::split(run_or_throw({.arguments = {"nm", "-D", "--defined-only", "-C", library.string()}}), '\n')) {
    if (line.size() > 19) symbols.insert(line.substr(19));
  }
  const std::string all = text::join({symbols.begin(), symbols.end()}, "\n") + "\n";
  const std::regex marked(R"(OCIFERRY_EXPORT (?!__)[^;{]*?(\w+)\()");
  for (const auto& header : fs::directory_iterator(fs::path(SOURCE_ROOT) / "include" / "ociferry")) {
    const std::string code = read_text(header.path());
    for (std::sregex_iterator found(code.begin(), code.end(), marked), end; found != end; ++found) {
      const std::string name = (*found)[1];
      CAPTURE(name);
      CHECK(std::regex_search(all, std::regex("::" + name + "(\\[abi:cxx11\\])?\\(")));
    }
  }
  check_golden(FIXTURES "/golden/installation/symbols.txt", all);
}

TEST_CASE("the soname has the whole version, since no release promises to replace another") {
  if (lacks_library(Kind::Shared)) return;
  if (lacks({"readelf"})) return;
  const std::string library = (Installation::get().libraries() / "libociferry.so").string();
  const std::string dynamic = run_or_throw({.arguments = {"readelf", "-dW", library}});
  CHECK(dynamic.find("soname: [libociferry.so." + std::string(version()) + "]") != std::string::npos);
}

TEST_CASE("the examples build with the flags of pkg-config alone, and carry an image with the shared library") {
  if (lacks_library(Kind::Shared)) return;
  if (lacks({"pkg-config", "docker-registry", "htpasswd"})) return;
  const Examples examples(Kind::Shared);
  carry_an_image(examples);
  find_damage(examples);
}

TEST_CASE("pkg-config --static names the libraries behind the library, too") {
  if (lacks({"pkg-config"})) return;
  const Words shared = Installation::get().pkg_config({"--libs"});
  const Words all = Installation::get().pkg_config({"--static", "--libs"});
  CHECK(std::ranges::find(all, "-lociferry") != all.end());
  for (const char* library : {"-larchive", "-lcrypto", "-lcurl", "-lisal", "-lssl", "-lyaml-cpp", "-lzstd"}) {
    CAPTURE(library);
    CHECK(std::ranges::find(all, library) != all.end());
    CHECK(std::ranges::find(shared, library) == shared.end());
  }
}

TEST_CASE("the examples work the same with the static library") {
  if (lacks_library(Kind::Static) || lacks({"pkg-config", "docker-registry", "htpasswd"})) return;
  const Examples examples(Kind::Static);
  carry_an_image(examples);
  find_damage(examples);
}

TEST_CASE("the code in the library's documentation is that of the examples") {
  const auto without_indentation = [](const std::string& text) {
    std::string all;
    for (const std::string& line : text::split(text, '\n')) {
      const auto begin = line.find_first_not_of(' ');
      if (begin != std::string::npos) all += line.substr(begin) + "\n";
    }
    return all;
  };
  std::string code;
  for (const char* name : kNames) code += without_indentation(read_text(kExamples / (std::string(name) + ".cpp")));
  std::size_t blocks = 0;
  for (const auto& page : fs::directory_iterator(fs::path(SOURCE_ROOT) / "docs" / "library")) {
    const std::string text = read_text(page.path());
    for (auto begin = text.find("```cpp\n"); begin != std::string::npos; begin = text.find("```cpp\n", begin + 1)) {
      const std::string block = text.substr(begin + 7, text.find("```", begin + 7) - begin - 7);
      CAPTURE(page.path().filename().string());
      CAPTURE(block);
      CHECK(code.find(without_indentation(block)) != std::string::npos);
      ++blocks;
    }
  }
  CHECK(blocks >= 10);
}
