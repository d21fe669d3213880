#include <doctest/doctest.h>

#include <string>

#include "base/text.hpp"
#include "bundle/bundle.hpp"
#include "lock_checks.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const std::string kHex(64, 'a');
const std::string kListedImage = "localhost:5000/app@sha256:" + kHex;
const std::string kImagesLockHeader = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\n";

/// What a pull does to a lock whose images were found in `repository`.
ImagesLock relocated(ImagesLock lock, const std::string& repository) {
  for (ImageRef& ref : lock.images) ref.image.name = parse_repository(repository);
  return lock;
}

/// The message with which `yaml` is refused; all refusals of a file are Hostile.
std::string lock_refusal(const std::string& yaml) {
  return refusal_by([&] { static_cast<void>(ImagesLock::parse(yaml)); });
}

bool lock_refused_with(const std::string& yaml, const std::string& part) {
  const std::string message = lock_refusal(yaml);
  INFO(message);
  return message.find(part) != std::string::npos;
}

std::string annotation(const std::string& yaml_value) {
  const std::string yaml =
      kImagesLockHeader + "images:\n- image: " + kListedImage + "\n  annotations:\n    x: " + yaml_value + "\n";
  return ImagesLock::parse(yaml).images.at(0).annotations.at("x");
}

}  // namespace

TEST_CASE("an images lock is rewritten byte for byte as imgpkg does") {
  const auto check = [](const std::string& from, const std::string& repository, const std::string& to) {
    INFO(to);
    CHECK(relocated(ImagesLock::parse(imgpkg_fixture(from)), repository).to_yaml() == imgpkg_fixture(to));
  };
  const std::string inner = "sha256-b8e954d90d4932dafd1aa54eecb2137c04f015b480b9fead13132fe50b99ae03/";
  check("locks/copy-lock-input-lkl.yml", "localhost:5601/lk/l", "locks/copy-lock-output-lklo.yml");
  check("bundle-outer/imgpkg_images.yml", "localhost:5601/art/dst", "pull-recursive/out/dot-imgpkg/images.yml");
  check("bundle-inner/imgpkg_images.yml", "localhost:5601/art/dst",
        "pull-recursive/out/dot-imgpkg/bundles/" + inner + "dot-imgpkg/images.yml");
}

TEST_CASE("an images lock by imgpkg is read and written with the same bytes") {
  for (const char* name : {"copy-lock-output-lklo.yml", "copy-lock-output-lo1.yml", "copy-lock-output-lo4.yml"}) {
    INFO(std::string(name));
    const std::string yaml = imgpkg_fixture(std::string("locks/") + name);
    CHECK(ImagesLock::parse(yaml).to_yaml() == yaml);
  }
}

TEST_CASE("an images lock keeps order, repetitions and annotations") {
  const ImagesLock lock = ImagesLock::parse(kImagesLockHeader + "images:\n- image: b.io/xx:v1@sha256:" + kHex +
                                            "\n  annotations: {k: v, n: 3}\n- image: a.io/xx@sha256:" + kHex +
                                            "\n- image: b.io/xx@sha256:" + kHex + "\n");
  REQUIRE(lock.images.size() == 3);
  CHECK(to_string(lock.images[0].image) == "b.io/xx@sha256:" + kHex);
  CHECK_FALSE(lock.images[0].image.tag);
  CHECK(to_string(lock.images[1].image) == "a.io/xx@sha256:" + kHex);
  CHECK(lock.images[2].image == lock.images[0].image);
  // The unquoted key n is a boolean in YAML 1.1.
  CHECK(lock.images[0].annotations == std::map<std::string, std::string>{{"k", "v"}, {"false", "3"}});
}

TEST_CASE("references in an images lock become fully qualified") {
  const auto name = [](const std::string& repository) {
    return to_string(
        ImagesLock::parse(kImagesLockHeader + "images: [{image: \"" + repository + "@sha256:" + kHex + "\"}]")
            .images[0]
            .image.name);
  };
  CHECK(name("nginx") == "index.docker.io/library/nginx");
  CHECK(name("docker.io/dkalinin/app") == "index.docker.io/dkalinin/app");
  CHECK(name("localhost/app") == "index.docker.io/localhost/app");
}

TEST_CASE("an images lock without images is valid and written without a list") {
  for (const char* images : {"", "images:\n", "images: null\n", "images: []\n"}) {
    CHECK(ImagesLock::parse(kImagesLockHeader + images).images.empty());
  }
  CHECK(ImagesLock{}.to_yaml() == "---\napiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\n");
}

TEST_CASE("an images lock may be JSON, have keys in other case, or be the first of several documents") {
  const ImagesLock expected = ImagesLock::parse(kImagesLockHeader + "images:\n- image: " + kListedImage + "\n");
  CHECK(ImagesLock::parse(R"({"apiVersion":"imgpkg.carvel.dev/v1alpha1","kind":"ImagesLock","images":[{"image":")" +
                          kListedImage + "\"}]}") == expected);
  CHECK(ImagesLock::parse("{\n\t\"apiVersion\": \"imgpkg.carvel.dev/v1alpha1\",\n\t\"kind\": \"ImagesLock\",\n"
                          "\t\"images\": [\n\t\t{ \"image\": \"" +
                          kListedImage + "\" }\n\t]\n}\n") == expected);
  CHECK(ImagesLock::parse("APIVERSION: imgpkg.carvel.dev/v1alpha1\nKind: ImagesLock\nImages:\n- Image: " +
                          kListedImage) == expected);
  CHECK(ImagesLock::parse("---\n" + kImagesLockHeader + "images:\n- image: " + kListedImage + "\n---\nkind: [\n") ==
        expected);
  CHECK(ImagesLock::parse("\xEF\xBB\xBF# a comment\r\n" + kImagesLockHeader + "images:\r\n- image: " + kListedImage +
                          "\r\n") == expected);
}

TEST_CASE("annotation values of any scalar type become text") {
  const std::pair<const char*, const char*> kTable[] = {
      {"1", "1"},           {"1.50", "1.5"},  {"true", "true"},
      {"yes", "true"},      {"~", ""},        {"", ""},
      {"\"1.50\"", "1.50"}, {"'yes'", "yes"}, {"0x10", "16"},
      {"010", "8"},         {"1e3", "1000"},  {"2020-01-01", "2020-01-01"},
      {"!!str 1", "1"},     {"a # b", "a"},   {"|\n      l1\n      l2", "l1\nl2\n"},
      {"a\n      b", "a b"}};
  for (const auto& row : kTable) {
    const auto& yaml = row.first;
    const auto& text = row.second;
    INFO(std::string(yaml));
    CHECK(annotation(yaml) == text);
  }
}

TEST_CASE("an images lock of another version or kind is refused with imgpkg's words") {
  CHECK(lock_refusal("kind: ImagesLock\n") ==
        "Validating images lock: Validating apiVersion: Unknown version (known: imgpkg.carvel.dev/v1alpha1)");
  CHECK(lock_refusal("apiVersion: imgpkg.carvel.dev/v1alpha2\nkind: ImagesLock\n").find("Unknown version") !=
        std::string::npos);
  CHECK(lock_refusal("apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: BundleLock\n") ==
        "Validating images lock: Validating kind: Unknown kind (known: ImagesLock)");
  CHECK(lock_refused_with("", "Unknown version"));
}

TEST_CASE("an image that is not named by a sha256 digest is refused") {
  const auto with = [](const std::string& image) { return kImagesLockHeader + "images:\n- image: '" + image + "'\n"; };
  CHECK(lock_refusal(with("nginx:v1")) == "Validating images lock: Expected ref to be in digest form, got 'nginx:v1'");
  CHECK(lock_refused_with(with("nginx@sha256:" + std::string(64, 'A')), "digest form"));
  CHECK(lock_refused_with(with("nginx@sha256:abc"), "digest form"));
  CHECK(lock_refused_with(with("nginx@sha512:" + std::string(128, 'a')), "digest form"));
  CHECK(lock_refused_with(with("http://nginx@sha256:" + kHex), "Validating images lock: "));
  CHECK(lock_refused_with(with("a/../b@sha256:" + kHex), "Validating images lock: "));
  CHECK(lock_refused_with(kImagesLockHeader + "images: [null]\n", "got ''"));
  CHECK(lock_refusal(with(std::string(1 << 20, 'x'))).size() < 2000);
}

TEST_CASE("an images lock is decoded strictly") {
  CHECK(lock_refused_with(kImagesLockHeader + "other: 1\n", "Unmarshaling images lock: unknown field \"other\""));
  CHECK(lock_refused_with(kImagesLockHeader + "images: [{image: " + kListedImage + ", size: 1}]\n",
                          "images[0]: unknown field \"size\""));
  CHECK(lock_refused_with(kImagesLockHeader + "kind: ImagesLock\n", "occurs twice"));
  CHECK(lock_refused_with(kImagesLockHeader + "Kind: ImagesLock\n", "occurs twice"));
  CHECK(lock_refused_with(
      kImagesLockHeader + "images: [{image: " + kListedImage + ", annotations: {1: a, \"1\": b}}]\n", "occurs twice"));
  CHECK(lock_refused_with(kImagesLockHeader + "images: text\n", "images: expected a list"));
  CHECK(lock_refused_with(kImagesLockHeader + "images: {}\n", "images: expected a list"));
  CHECK(lock_refused_with(kImagesLockHeader + "images: [text]\n", "images[0]: expected a mapping"));
  CHECK(lock_refused_with(kImagesLockHeader + "images: [{image: [a]}]\n", "images[0]: image: expected text"));
  CHECK(lock_refused_with(kImagesLockHeader + "images: [{annotations: [a]}]\n", "annotations: expected a mapping"));
  CHECK(lock_refused_with(kImagesLockHeader + "images: [{annotations: {k: {}}}]\n", "annotations: k: expected text"));
  CHECK(lock_refused_with("[1, 2]", "Unmarshaling images lock: expected a mapping"));
}

TEST_CASE("any annotation survives writing and reading a lock") {
  const std::string kWords = "aaa bbb ccc ddd eee fff ggg hhh iii jjj kkk lll mmm nnn ooo ppp qqq rrr sss ttt uuu vvv";
  const std::string kTexts[] = {"",
                                " ",
                                "a ",
                                " a",
                                "\n",
                                "\n\n",
                                "a\n",
                                "a\n\n",
                                "\na",
                                " a\nb",
                                "a\n b",
                                "a \nb",
                                "a\nb ",
                                "a\n\n\nb",
                                "\t",
                                "a\tb",
                                "a\rb",
                                "a\r\nb",
                                "<<",
                                "=",
                                "? a",
                                "?",
                                ":",
                                "a:",
                                "a: b",
                                "a #b",
                                "a#b",
                                "- a",
                                "-",
                                "--- a",
                                "...",
                                "[a]",
                                "{a: b}",
                                "!a",
                                "|",
                                ">",
                                "'",
                                "''",
                                "it's \"x\"",
                                "\\",
                                "\\n",
                                "%a",
                                "@a",
                                "`a",
                                "&a *b",
                                "\xC2\x85",
                                "a\xE2\x80\xA8 b",
                                "\xE2\x80\xA9\n",
                                "\xEF\xBB\xBFx",
                                "\xF0\x9F\x98\x80",
                                "\xC3\xA9",
                                "\x01\x7F",
                                kWords,
                                " " + kWords,
                                kWords + "\t",
                                "a: " + kWords,
                                kWords + "  " + kWords,
                                kWords + "\t  " + kWords + "  ",
                                kWords + "\n  " + kWords + "\n",
                                std::string(5000, 'x'),
                                "# a\n---\n# b\n...\n",
                                std::string("\0", 1)};
  for (const std::string& text : kTexts) {
    ImagesLock lock;
    lock.images.push_back({parse_digest_reference(kListedImage), {{"a", text}, {"z" + text, "v"}, {text, text}}});
    const std::string yaml = lock.to_yaml();
    INFO(yaml);
    CHECK(ImagesLock::parse(yaml) == lock);
  }
}
