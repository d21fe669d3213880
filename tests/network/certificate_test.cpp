#include <doctest/doctest.h>

#include "tls_registry.hpp"

// What is said about a certificate that is refused: the next step depends on what is wrong with it.

using namespace ociferry::testing;

namespace {

/// What the program writes when it asks a registry for a tag, which must fail.
std::string refusal(const Words& arguments) {
  const Ociferry ociferry(OCIFERRY_BINARY);
  const Outcome outcome = ociferry.run(arguments);
  CHECK(outcome.exit_code == 23);
  CHECK_FALSE(has(outcome.err, "running the same command again may help"));
  CHECK_FALSE(has(outcome.err, "attempts"));
  return outcome.err;
}

}  // namespace

TEST_CASE("an expired certificate has a hint about the clock and its renewal, not about authorities") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry(TlsFlaw::Expired);
  const std::string err = refusal(registry.resolve(registry.host()));
  CHECK(has(err, "hint: check this machine's clock"));
  CHECK(has(err, "renewed"));
  CHECK_FALSE(has(err, "--registry-ca-cert-path"));
}

TEST_CASE("a certificate for another name has a hint about the name, not about authorities") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry(TlsFlaw::OtherName);
  const std::string err = refusal(registry.resolve(registry.host()));
  CHECK(has(err, "hint: the certificate is for another name"));
  CHECK_FALSE(has(err, "--registry-ca-cert-path"));
}

TEST_CASE("an unknown authority has a hint to --registry-ca-cert-path, and is not transient in JSON") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  CHECK(has(refusal({"tag", "resolve", "-i", registry.image()}), "name it with --registry-ca-cert-path"));
  const Outcome json = Ociferry(OCIFERRY_BINARY).run({"tag", "resolve", "-i", registry.image(), "--json"});
  CHECK(has(json.out + json.err, R"("transient": false)"));
  CHECK(registry.requests().empty());
}

TEST_CASE("the hint for an unknown authority names the places that were searched") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  const Ociferry ociferry(OCIFERRY_BINARY);
  const std::string other = (ociferry.home() / "other.pem").string();
  write_text(other, "no certificate\n");
  const Words resolve = {"tag", "resolve", "-i", registry.image()};
  CHECK(has(ociferry.run(resolve, {{"SSL_CERT_FILE", other}}).err,
            "the authorities that are trusted are those in " + other));
}

TEST_CASE("authorities in the directories of SSL_CERT_DIR are trusted") {
  if (lacks({"openssl"})) return;
  const TlsRegistry registry;
  const Ociferry ociferry(OCIFERRY_BINARY);
  const auto directory = ociferry.home() / "authorities";
  write_text(directory / "ours.pem", read_text(registry.identity().authority));
  const Words resolve = {"tag", "resolve", "-i", registry.image()};
  CHECK(ociferry.run(resolve, {{"SSL_CERT_DIR", "/nowhere:" + directory.string()}}).exit_code == 0);
  CHECK(ociferry.run(resolve, {{"SSL_CERT_DIR", "/nowhere"}}).exit_code == 23);
}
