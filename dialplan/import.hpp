// SPDX-License-Identifier: MIT
// MAC → extensions as CSV: planned completely before anything changes, every problem with its line.
#pragma once

#include "provisioning/inventory/inventory.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dialplan {

struct Problem {
    int line = 0;
    std::string text; ///< what is wrong and what to write instead
};

/// What an import would do. `changes` is applied as a whole, and only when there is no problem.
struct ImportPlan {
    std::vector<inventory::Change> changes;
    std::vector<std::string> descriptions; ///< one line per change, for --dry-run
    std::vector<Problem> problems;         ///< by line
    std::vector<Problem> notes;            ///< what is ignored, and is no reason to stop
    std::size_t unchanged = 0;             ///< rows that say what already holds
};

/// Columns by header name: `mac` and `extensions` (blank-separated, line 1 first), and optionally
/// `name`: the display name of those extensions of the row that do not exist yet; each of them is
/// created with a generated password. A row that has an extension first names it rather than one
/// that has it further back. A row without a MAC, but with a name, is about extensions alone. A
/// number that exists nowhere and has no name is a problem, as are a MAC or a header twice, a
/// malformed MAC or number, a guest's account, more extensions than `max_lines(mac)`, a new number
/// that `may_own` refuses, and one of the PBX that `host_number` refuses: its errors are not_found
/// where the PBX has no such number, and others where no phone can have it. Of a row that says what
/// holds already, what is wrong with its numbers is a note. A row assigns exactly its extensions,
/// which approves the device.
ImportPlan plan_import(std::string_view csv,
                       const inventory::Snapshot& now,
                       const std::function<base::Status(const std::string&)>& host_number,
                       const std::function<std::size_t(base::Mac)>& max_lines,
                       const std::function<base::Status(const std::string&)>& may_own = {});

/// The same columns, sorted by MAC, of the approved devices that have lines; `name` is that of the
/// first extension, where it is ours. Guests and their accounts are left out: only the inventory
/// that made such an account can have it. Then rows without a MAC, by number, of those of ours that
/// stand first in none. Importing it changes nothing, and makes the same of an empty inventory but
/// for passwords.
std::string export_csv(const inventory::Snapshot& now);

} // namespace dialplan
