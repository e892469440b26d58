// SPDX-License-Identifier: MIT
// How times, lists and tables read on a console.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/json.hpp"
#include "provisioning/inventory/device.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace admin {

/// "just now", "2 min ago", "3 days ago"; "never" for 0.
std::string ago(base::UnixMs then, base::UnixMs now);
/// The machine's local time: "12:00:03" within the last day, else "2026-01-31 12:00:03".
std::string local_time(base::UnixMs then, base::UnixMs now);
/// When something ends: "14:00:00", or with the day if it is not within 24 hours.
std::string end_text(base::UnixMs until, base::UnixMs now);
/// Columns two blanks apart, without trailing ones; widths count UTF-8 characters.
std::string table_text(const std::vector<std::string>& header,
                       const std::vector<std::vector<std::string>>& rows);
/// "201", "201 and 202", "201, 202 and 203".
std::string listed(const std::vector<std::string>& words);
/// "1 phone", "2 phones".
std::string counted(std::size_t many, std::string_view one, std::string_view more);
/// Whom a window is for: "any phone in 10.1.2.0/24".
std::string whom(const inventory::Enrolment& enrolment);
/// UTF-8 as it is, anything else and control characters made visible: for names an admin wrote, and
/// for what the timeline says.
std::string shown_name(std::string_view text);

/// {NAME: ISO 8601, NAME_ms: milliseconds}, both null for 0.
void set_time(base::Json& object, std::string_view name, base::UnixMs at);
base::Json json_list(const std::vector<std::string>& words);

} // namespace admin
