#include "http/host_certificates.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

const Origin kHost{"https", "reg.example", 443};
const Origin kPort{"https", "reg.example", 5000};

struct Folders {
  TempDirectory directory = temp_directory();
  std::filesystem::path first = directory.path() / "first";
  std::filesystem::path second = directory.path() / "second";

  [[nodiscard]] HostCertificates find(const Origin& host) const {
    return find_host_certificates({first, second}, host);
  }
};

}  // namespace

TEST_CASE("the first directory of the host is used, with its port unless that is 443") {
  const Folders folders;
  CHECK(folders.find(kHost).authorities.empty());
  write_text(folders.second / "reg.example/b.crt", "");
  write_text(folders.second / "reg.example/a.crt", "");
  write_text(folders.second / "reg.example:443/no.crt", "");
  write_text(folders.second / "reg.example:5000/port.crt", "");
  CHECK(folders.find(kHost).authorities ==
        std::vector{folders.second / "reg.example/a.crt", folders.second / "reg.example/b.crt"});
  CHECK(folders.find(kPort).authorities == std::vector{folders.second / "reg.example:5000/port.crt"});
  write_text(folders.first / "reg.example:443/mine.crt", "");
  CHECK(folders.find(kHost).authorities == std::vector{folders.first / "reg.example:443/mine.crt"});
  CHECK(folders.find({"https", "other.example", 443}).authorities.empty());
}

TEST_CASE("a client certificate is used with the key beside it, and other files are skipped") {
  const Folders folders;
  const auto here = folders.first / "reg.example";
  for (const char* name : {"b.cert", "b.key", "a.cert", "a.key", "README", "ca.crt.old"}) write_text(here / name, "");
  const HostCertificates found = folders.find(kHost);
  CHECK(found.authorities.empty());
  CHECK(found.client_certificate == here / "a.cert");
  CHECK(found.client_key == here / "a.key");
  for (const char* lost : {"a.key", "a.cert"}) {
    write_text(here / "a.key", "");
    write_text(here / "a.cert", "");
    std::filesystem::remove(here / lost);
    try {
      static_cast<void>(folders.find(kHost));
      FAIL("half a pair");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::Usage);
      CHECK(error.message().find(lost) != std::string::npos);
    }
  }
}
