// SPDX-License-Identifier: MIT
// Reads the machine's zone where Linux keeps it, and looks zones up in a vendor's table.
#include "provisioning/profile/time_zone.hpp"

#include "provisioning/base/text.hpp"

#include <filesystem>

namespace profile {
namespace {

/// What follows the folder of the zone files in a path; the whole when it is no such path.
std::string_view zone_in(std::string_view path) {
    constexpr std::string_view folder = "/zoneinfo/";
    const auto at = path.rfind(folder);
    std::string_view zone = at == std::string_view::npos ? path : path.substr(at + folder.size());
    for (const std::string_view variant : {"posix/", "right/"}) {
        if (zone.substr(0, variant.size()) == variant) {
            zone.remove_prefix(variant.size());
        }
    }
    return zone;
}

} // namespace

std::string machine_time_zone(const char* tz, const std::string& etc) {
    if (tz != nullptr && *tz != '\0') { // tzset(3): ":name", a path, or a rule of its own
        std::string_view zone = tz;
        zone.remove_prefix(zone[0] == ':' ? 1 : 0);
        return std::string(zone_in(zone));
    }
    if (const auto file = base::read_file(etc + "/timezone", 1024)) {
        const std::string_view line = std::string_view(*file).substr(0, file->find('\n'));
        if (!base::trim(line).empty()) {
            return std::string(base::trim(line));
        }
    }
    std::error_code failed;
    const auto target = std::filesystem::read_symlink(etc + "/localtime", failed);
    if (failed) {
        return {};
    }
    const std::string path = target.string();
    return path.find("/zoneinfo/") == std::string::npos ? std::string()
                                                        : std::string(zone_in(path));
}

bool is_zone_index(std::string_view zone) {
    const std::string_view digits = zone.substr(zone.substr(0, 1) == "-" ? 1 : 0);
    return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::string>
vendor_time_zone(const Vendor& vendor, std::string_view zone, bool is_for_vendor) {
    const bool is_index = is_zone_index(zone);
    if (is_index && is_for_vendor) {
        return std::string(zone);
    }
    for (const auto& [name, value] : vendor.time_zones) {
        if (is_index ? value == zone : base::iequals(name, zone)) {
            return value;
        }
    }
    return std::nullopt;
}

} // namespace profile
