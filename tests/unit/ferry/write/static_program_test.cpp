#include "ferry/write/static_program.hpp"

#include <doctest/doctest.h>

#include "support/elf_program.hpp"
#include "support/error_of.hpp"

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::string program_refusal(const std::string& bytes) {
  const Error error = error_of([&] { static_cast<void>(check_static_program(bytes, "tool")); });
  CHECK(error.code() == ErrorCode::Usage);
  return error.message();
}

}  // namespace

TEST_CASE("static programs of ociferry are known, with their architecture, position-independent or not") {
  CHECK(check_static_program(elf_program(), "tool") == "amd64");
  CHECK(check_static_program(elf_program({.machine = EM_AARCH64}), "tool") == "arm64");
  CHECK(check_static_program(elf_program({.type = ET_EXEC, .dynamic = {}}), "tool") == "amd64");
}

TEST_CASE("a program that would not start on another machine is refused with the reason") {
  for (const ElfHeaders& headers :
       {ElfHeaders{.has_loader = true}, ElfHeaders{.dynamic = {DT_FLAGS, DT_NEEDED, DT_NULL}}}) {
    CHECK(program_refusal(elf_program(headers)) ==
          "tool cannot be carried: it needs shared libraries, which the machine on the other side does not have");
  }
  for (const ElfHeaders& headers :
       {ElfHeaders{.bits = ELFCLASS32}, ElfHeaders{.order = ELFDATA2MSB}, ElfHeaders{.type = ET_REL},
        ElfHeaders{.type = ET_CORE}, ElfHeaders{.machine = EM_RISCV}}) {
    CHECK(program_refusal(elf_program(headers)).find("no whole program for Linux on amd64 or arm64") !=
          std::string::npos);
  }
  CHECK(program_refusal("#!/bin/sh\nexec ociferry\n").find("no whole program") != std::string::npos);
  CHECK(program_refusal(elf_program({.rest = "another program"})).find("it is not ociferry") != std::string::npos);
}

TEST_CASE("a program that is truncated anywhere in its headers or segments is refused") {
  const std::string whole = elf_program({.rest = ""});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size << " of " << whole.size() << " bytes");
    CHECK_FALSE(parse_elf(std::string_view(whole).substr(0, size)).has_value());
  }
  CHECK(parse_elf(whole).has_value());
}

TEST_CASE("headers with offsets beyond the file are refused") {
  for (const std::size_t field : {offsetof(Elf64_Ehdr, e_phoff), sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset),
                                  sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz)}) {
    for (const char byte : {'\x7f', '\xff'}) {
      std::string bytes = elf_program();
      bytes.replace(field, 8, 8, byte);
      CHECK_FALSE(parse_elf(bytes).has_value());
    }
  }
}
