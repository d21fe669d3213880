#pragma once

#include <elf.h>

#include <cstring>
#include <string>
#include <vector>

namespace ociferry::testing {

/// By which a program is known to be ociferry: in those of all releases.
inline const std::string kOciferryMark = "ociferry: this program carries container images across an air gap";

/// The headers of a program that cannot be started. By default those of a static one of ociferry for amd64.
struct ElfHeaders {
  unsigned char bits = ELFCLASS64;
  unsigned char order = ELFDATA2LSB;
  Elf64_Half type = ET_DYN;
  Elf64_Half machine = EM_X86_64;
  bool has_loader = false;                                  ///< PT_INTERP
  std::vector<Elf64_Sxword> dynamic = {DT_FLAGS, DT_NULL};  ///< tags of PT_DYNAMIC; empty: there is none
  std::string rest = kOciferryMark;
};

inline std::string elf_program(const ElfHeaders& headers = {}) {
  std::string bytes(sizeof(Elf64_Ehdr), '\0');
  const auto add = [&](const auto& part) { bytes.append(reinterpret_cast<const char*>(&part), sizeof(part)); };
  std::vector<Elf64_Phdr> segments;
  const auto add_segment = [&](Elf64_Word type) { segments.emplace_back().p_type = type; };
  add_segment(PT_LOAD);
  if (headers.has_loader) add_segment(PT_INTERP);
  if (!headers.dynamic.empty()) add_segment(PT_DYNAMIC);
  const std::size_t tables = sizeof(Elf64_Ehdr) + segments.size() * sizeof(Elf64_Phdr);
  for (Elf64_Phdr& segment : segments) {
    if (segment.p_type == PT_DYNAMIC) segment.p_filesz = headers.dynamic.size() * sizeof(Elf64_Dyn);
    segment.p_offset = tables;
    add(segment);
  }
  for (const Elf64_Sxword tag : headers.dynamic) add(Elf64_Dyn{.d_tag = tag, .d_un = {.d_val = 1}});
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = headers.bits;
  header.e_ident[EI_DATA] = headers.order;
  header.e_type = headers.type;
  header.e_machine = headers.machine;
  header.e_phoff = sizeof(Elf64_Ehdr);
  header.e_phentsize = sizeof(Elf64_Phdr);
  header.e_phnum = static_cast<Elf64_Half>(segments.size());
  std::memcpy(bytes.data(), &header, sizeof(header));
  return bytes + headers.rest;
}

}  // namespace ociferry::testing
