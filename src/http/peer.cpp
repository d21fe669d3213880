#include "http/peer.hpp"

#include <iomanip>
#include <locale>
#include <sstream>

namespace ociferry {

std::optional<std::chrono::sys_seconds> parse_certificate_time(const std::string& text) {
  std::istringstream stream(text);
  stream.imbue(std::locale::classic());
  std::tm parts{};
  std::string zone;
  stream >> std::get_time(&parts, "%b %d %H:%M:%S %Y") >> zone;
  if (stream.fail() || zone != "GMT") return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(parts.tm_year + 1900),
                                        std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)),
                                        std::chrono::day(static_cast<unsigned>(parts.tm_mday))};
  if (!day.ok()) return std::nullopt;
  return std::chrono::sys_days(day) + std::chrono::hours(parts.tm_hour) + std::chrono::minutes(parts.tm_min) +
         std::chrono::seconds(parts.tm_sec);
}

PeerCertificate read_certificate(const std::vector<std::string_view>& members) {
  PeerCertificate certificate;
  for (const std::string_view member : members) {
    const auto colon = member.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = member.substr(0, colon);
    std::string value(member.substr(colon + 1));
    if (name == "Subject")
      certificate.subject = std::move(value);
    else if (name == "Issuer")
      certificate.issuer = std::move(value);
    else if (name == "Start date")
      certificate.begins = parse_certificate_time(value);
    else if (name == "Expire date")
      certificate.ends = parse_certificate_time(value);
  }
  return certificate;
}

}  // namespace ociferry
