#include "ferry/write/static_program.hpp"

#include <elf.h>

#include <cstring>
#include <type_traits>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// This text identifies programs of ociferry: since it is used here, all of them contain it. It must never change.
constexpr std::string_view kProgramMark = "ociferry: this program carries container images across an air gap";

/// The structure at `offset`; nullopt if `bytes` end before its end.
template <typename T>
std::optional<T> load(std::string_view bytes, std::uint64_t offset) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

std::string_view architecture_of(const Elf64_Ehdr& header) {
  switch (header.e_machine) {
    case EM_X86_64: return "amd64";
    case EM_AARCH64: return "arm64";
    default: return {};
  }
}

/// True if the dynamic section names a shared library. That of a static program that can be loaded anywhere (PIE) has
/// none. nullopt if the section is not in `bytes`.
std::optional<bool> names_libraries(std::string_view bytes, const Elf64_Phdr& dynamic) {
  for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= dynamic.p_filesz; at += sizeof(Elf64_Dyn)) {
    const auto entry = load<Elf64_Dyn>(bytes, dynamic.p_offset + at);
    if (!entry) return std::nullopt;
    if (entry->d_tag == DT_NEEDED) return true;
    if (entry->d_tag == DT_NULL) return false;
  }
  return false;
}

}  // namespace

std::optional<ElfProgram> parse_elf(std::string_view bytes) {
  const auto header = load<Elf64_Ehdr>(bytes, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) return std::nullopt;
  if (header->e_type != ET_EXEC && header->e_type != ET_DYN) return std::nullopt;
  if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0) return std::nullopt;
  ElfProgram program{.architecture = std::string(architecture_of(*header))};
  if (program.architecture.empty()) return std::nullopt;
  for (std::uint64_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = load<Elf64_Phdr>(bytes, header->e_phoff + i * sizeof(Elf64_Phdr));
    // What a copy that was cut off lacks.
    if (!segment || segment->p_offset > bytes.size() || segment->p_filesz > bytes.size() - segment->p_offset) {
      return std::nullopt;
    }
    if (segment->p_type == PT_INTERP) program.needs_others = true;
    if (segment->p_type != PT_DYNAMIC) continue;
    const auto names = names_libraries(bytes, *segment);
    if (!names) return std::nullopt;
    program.needs_others |= *names;
  }
  return program;
}

bool is_ociferry(std::string_view bytes) { return bytes.find(kProgramMark) != std::string_view::npos; }

std::string check_static_program(std::string_view bytes, const std::string& name) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::Usage, text::cat(name, " cannot be carried: ", why))
        .hint(
            "name the static program, or its directory: the unpacked ociferry-VERSION-linux-ARCH.tar.gz of a release, "
            "or what scripts/build-static made; nothing was transferred yet");
  };
  const auto program = parse_elf(bytes);
  if (!program) throw refuse("it is no whole program for Linux on amd64 or arm64");
  if (program->needs_others) {
    throw refuse("it needs shared libraries, which the machine on the other side does not have");
  }
  if (!is_ociferry(bytes)) throw refuse("it is not ociferry, or older than 0.2.0");
  return program->architecture;
}

}  // namespace ociferry
