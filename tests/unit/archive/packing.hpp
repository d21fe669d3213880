#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace ociferry::testing {

/// `content` packed by libarchive's own writer: "gzip" or "zstd".
[[nodiscard]] inline std::string packed(std::string_view content, const char* filter) {
  std::string out(content.size() + 65536, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_pathname(entry, "content");
  archive_write_set_bytes_in_last_block(writer, 1);
  const bool good = archive_write_set_format_raw(writer) == ARCHIVE_OK &&
                    archive_write_add_filter_by_name(writer, filter) == ARCHIVE_OK &&
                    archive_write_open_memory(writer, out.data(), out.size(), &used) == ARCHIVE_OK &&
                    archive_write_header(writer, entry) == ARCHIVE_OK &&
                    archive_write_data(writer, content.data(), content.size()) >= 0 &&
                    archive_write_close(writer) == ARCHIVE_OK;
  archive_entry_free(entry);
  archive_write_free(writer);
  if (!good) throw std::runtime_error("libarchive did not pack");
  out.resize(used);
  return out;
}

}  // namespace ociferry::testing
