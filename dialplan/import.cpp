// SPDX-License-Identifier: MIT
// Plans an import: what the rows mean, against what holds now, with nothing changed.
#include "dialplan/import.hpp"

#include "dialplan/csv.hpp"
#include "dialplan/directory.hpp"
#include "provisioning/base/crypto.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/base/utf8.hpp"
#include "provisioning/inventory/guest.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dialplan {
namespace {

constexpr std::size_t max_name = 200; // bytes, as the inventory has it
constexpr std::size_t password_length = 20;

/// A row that is in order by itself.
struct Wish {
    int line = 0;
    std::optional<base::Mac> mac; ///< nothing: it is about extensions alone
    std::vector<std::string> numbers;
    std::string name;
};

std::string what_is_wrong_with_mac(std::string_view text) {
    const auto is = [&](std::string_view allowed) {
        return text.find_first_not_of(allowed) == std::string_view::npos;
    };
    if (text.empty()) {
        return "the MAC is missing; write 12 hex digits such as 001fc1000001, or a name to have "
               "the extension without a phone";
    }
    // 001565123456 is a number to a spreadsheet, and 001e12345678 a large one.
    if (text.size() < 12 && is("0123456789.,E+")) {
        return fmt::format("'{}' is no MAC address; the spreadsheet made a number of it: write the "
                           "column as text, or with colons",
                           base::printable(text, 40));
    }
    return fmt::format("'{}' is no MAC address; write 12 hex digits such as 001fc1000001",
                       base::printable(text, 40));
}

bool is_utf8(std::string_view text) noexcept {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = base::utf8_at(text, at).length;
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

class Planner {
  public:
    Planner(const inventory::Snapshot& now,
            const std::function<base::Status(const std::string&)>& host_number,
            const std::function<std::size_t(base::Mac)>& max_lines,
            const std::function<base::Status(const std::string&)>& may_own)
        : now_(now), host_number_(host_number), max_lines_(max_lines), may_own_(may_own) {}

    ImportPlan plan(const CsvFile& file) {
        plan_.problems = file.problems;
        for (const CsvRow& row : file.rows) {
            read(row);
        }
        for (const Wish& wish : wishes_) {
            name_first_number(wish);
        }
        for (const Wish& wish : wishes_) {
            name_other_numbers(wish);
        }
        for (const Wish& wish : wishes_) {
            check_numbers(wish);
        }
        check_new_numbers();
        if (plan_.problems.empty()) {
            decide();
        }
        if (!plan_.problems.empty()) {
            plan_.changes.clear();
            plan_.descriptions.clear();
        }
        for (auto* told : {&plan_.problems, &plan_.notes}) {
            std::stable_sort(told->begin(), told->end(),
                             [](const Problem& a, const Problem& b) { return a.line < b.line; });
        }
        return std::move(plan_);
    }

  private:
    void problem(int line, std::string text) { plan_.problems.push_back({line, std::move(text)}); }

    /// What a row says by itself; each thing wrong with it is a problem of its own. What is right
    /// in it counts all the same, so that other rows are not blamed for its faults.
    void read(const CsvRow& row) {
        Wish wish{row.line, {}, {}, base::trim(row.name).empty() ? "" : row.name};
        const bool is_extension_alone = row.mac.empty() && !wish.name.empty();
        if (const auto mac = base::Mac::parse(row.mac)) {
            wish.mac = *mac;
            const auto [first, is_new] = lines_.try_emplace(*mac, row.line);
            if (!is_new) {
                problem(row.line, fmt::format("{} stands in line {} too; keep one of them",
                                              mac->str(), first->second));
            }
        } else if (!is_extension_alone) {
            problem(row.line, what_is_wrong_with_mac(row.mac));
        }
        read_numbers(row, wish);
        if (!is_utf8(row.name)) {
            problem(row.line, "the name is not UTF-8; save the file as CSV UTF-8");
        } else if (row.name.size() > max_name || !base::is_plain_text(row.name)) {
            problem(row.line, fmt::format("the name has more than {} bytes, or a character that no "
                                          "phone shows (a control character, U+FFFE, U+FFFF); "
                                          "shorten it, or type it anew",
                                          max_name));
        }
        wishes_.push_back(std::move(wish));
    }

    void read_numbers(const CsvRow& row, Wish& wish) {
        for (const std::string_view number : base::split(row.extensions, ' ')) {
            if (!is_number(number)) {
                problem(row.line,
                        fmt::format("'{}' is no extension number; use letters, digits and _.+*#-, "
                                    "with blanks between numbers",
                                    base::printable(number, 40)));
            } else if (const auto guest = inventory::guest_of(number)) {
                problem(row.line, fmt::format("{} is the account of {} as a guest, which is not "
                                              "imported; take the row out, and: pnp guest {}",
                                              number, guest->str(), guest->str()));
            } else if (std::find(wish.numbers.begin(), wish.numbers.end(), number) !=
                       wish.numbers.end()) {
                problem(row.line, fmt::format("extension {} stands twice in this row; once is "
                                              "enough",
                                              number));
            } else {
                wish.numbers.emplace_back(number);
            }
        }
        if (base::trim(row.extensions).empty()) {
            problem(row.line, "no extension; name one, or take the row out: pnp unassign takes "
                              "lines away");
        }
    }

    /// Also one that no phone can have, which check_numbers tells.
    bool exists(const std::string& number) {
        return now_.extension(number) != nullptr || !is_missing(of_host(number));
    }

    static bool is_missing(const base::Status& said) {
        return !said && said.error().code == base::Errc::not_found;
    }

    const base::Status& of_host(const std::string& number) {
        const auto found = host_.find(number);
        if (found != host_.end()) {
            return found->second;
        }
        return host_
            .emplace(number, host_number_ ? host_number_(number)
                                          : base::fail(base::Errc::not_found, "no PBX"))
            .first->second;
    }

    void name_number(const std::string& number, const Wish& wish) {
        const auto [first, is_new] = names_.try_emplace(number, &wish);
        if (!is_new && first->second->name != wish.name) {
            problem(wish.line, fmt::format("extension {} has another name in line {}; give it one",
                                           number, first->second->line));
        }
    }

    void name_first_number(const Wish& wish) {
        if (!wish.name.empty() && !wish.numbers.empty() && !exists(wish.numbers.front())) {
            name_number(wish.numbers.front(), wish);
            firsts_.insert(wish.numbers.front());
        }
    }

    void name_other_numbers(const Wish& wish) {
        if (wish.name.empty() || wish.numbers.empty() ||
            (holds(wish) && has_name(wish.numbers.front(), wish.name))) {
            return; // as it is exported: what became of its other numbers makes no new ones
        }
        bool is_used = false;
        for (const std::string& number : wish.numbers) {
            if (exists(number)) {
                is_used = is_used || has_name(number, wish.name);
            } else if (!firsts_.contains(number)) {
                name_number(number, wish);
                is_used = true;
            } else {
                is_used = is_used || names_.at(number)->name == wish.name;
            }
        }
        if (!is_used) {
            plan_.notes.push_back({wish.line, fmt::format("the name is not used: {} exists already "
                                                          "or is named by another row, and keeps "
                                                          "that name",
                                                          fmt::join(wish.numbers, " "))});
        }
    }

    /// One without a name is exported with its number.
    bool has_name(const std::string& number, const std::string& name) const {
        const auto* own = now_.extension(number);
        return own != nullptr &&
               (own->name == name || (base::trim(own->name).empty() && name == number));
    }

    /// The phone has exactly these lines.
    bool holds(const Wish& wish) const {
        const inventory::Device* known = wish.mac ? now_.device(*wish.mac) : nullptr;
        return known != nullptr && known->is_approved() && known->lines == wish.numbers;
    }

    void check_numbers(const Wish& wish) {
        // A row that changes nothing stops no import, whatever became of its numbers in the PBX.
        auto& wrong = holds(wish) ? plan_.notes : plan_.problems;
        const auto say = [&](std::string text) { wrong.push_back({wish.line, std::move(text)}); };
        for (const std::string& number : wish.numbers) {
            if (now_.extension(number) == nullptr && exists(number)) {
                if (const auto& usable = of_host(number); !usable) {
                    say(usable.error().what);
                }
            } else if (!exists(number) && !names_.contains(number)) {
                say(fmt::format("extension {} does not exist; name it in this row to create "
                                "it, or run: pnp extension add {}",
                                number, number));
            }
        }
        const std::size_t most =
            max_lines_ && wish.mac ? max_lines_(*wish.mac) : wish.numbers.size();
        if (wish.numbers.size() > most) {
            say(fmt::format("{} extensions, and this phone has {} lines at most",
                            wish.numbers.size(), most));
        }
    }

    void check_new_numbers() {
        for (const auto& [number, wish] : names_) {
            if (const auto allowed = may_own_ ? may_own_(number) : base::Status(); !allowed) {
                problem(wish->line, allowed.error().what);
            }
        }
    }

    void decide() {
        for (const auto& [number, wish] : names_) {
            auto password = base::random_password(password_length);
            if (!password) {
                problem(wish->line, password.error().what);
                return;
            }
            plan_.changes.emplace_back(
                inventory::AddExtension{{number, wish->name, std::move(*password)}});
            plan_.descriptions.push_back(
                fmt::format("create extension {} ({})", number, wish->name));
        }
        for (const Wish& wish : wishes_) {
            if (!wish.mac) {
                const bool is_new =
                    std::any_of(wish.numbers.begin(), wish.numbers.end(),
                                [&](const std::string& number) { return names_.contains(number); });
                plan_.unchanged += is_new ? 0U : 1U;
                continue;
            }
            if (holds(wish)) {
                ++plan_.unchanged;
                continue;
            }
            plan_.changes.emplace_back(inventory::Assign{*wish.mac, wish.numbers});
            plan_.descriptions.push_back(fmt::format("assign {} to {}{}",
                                                     fmt::join(wish.numbers, " "), wish.mac->str(),
                                                     before(now_.device(*wish.mac))));
        }
    }

    static std::string before(const inventory::Device* known) {
        if (known == nullptr) {
            return ", never heard so far";
        }
        if (known->approval == inventory::Approval::blocked) {
            return ", which is blocked now";
        }
        return known->lines.empty() ? "" : fmt::format(" (was {})", fmt::join(known->lines, " "));
    }

    const inventory::Snapshot& now_;
    const std::function<base::Status(const std::string&)>& host_number_;
    const std::function<std::size_t(base::Mac)>& max_lines_;
    const std::function<base::Status(const std::string&)>& may_own_;
    ImportPlan plan_;
    std::vector<Wish> wishes_;
    std::unordered_map<base::Mac, int> lines_;           ///< where a MAC stands first
    std::unordered_map<std::string, base::Status> host_; ///< what the PBX said of a number
    std::map<std::string, const Wish*> names_; ///< new numbers, and the row that names them
    std::unordered_set<std::string> firsts_;   ///< those of them that stand first in it
};

} // namespace

ImportPlan plan_import(std::string_view csv,
                       const inventory::Snapshot& now,
                       const std::function<base::Status(const std::string&)>& host_number,
                       const std::function<std::size_t(base::Mac)>& max_lines,
                       const std::function<base::Status(const std::string&)>& may_own) {
    return Planner(now, host_number, max_lines, may_own).plan(read_csv(csv));
}

} // namespace dialplan
