#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace ociferry {

/// The system's certificate authorities (the file that SSL_CERT_FILE names, `built_in`, or a distribution's usual
/// place) followed by those in `extra`, as one PEM text; empty if `extra` is. Throws Error{Usage} for a file in
/// `extra` that cannot be read or holds no certificate.
[[nodiscard]] std::string certificate_bundle(const std::vector<std::filesystem::path>& extra, const char* built_in);

}  // namespace ociferry
