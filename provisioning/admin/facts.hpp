// SPDX-License-Identifier: MIT
// What a diagnosis asks of a device and its timeline.
#pragma once

#include "provisioning/admin/explain.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace admin {

constexpr base::UnixMs second = 1000;
constexpr base::UnixMs minute = 60 * second;

struct Facts {
    const inventory::Device& device;
    const std::vector<inventory::Event>& timeline;
    bool elsewhere;
    const Around& around;

    /// The newest event of that kind; null where there is none.
    const inventory::Event* last(inventory::Step step) const noexcept;

    bool happened(inventory::Step step) const noexcept { return at(step) >= 0; }

    /// `step` came after all of `others`.
    bool is_newer(inventory::Step step,
                  std::initializer_list<inventory::Step> others) const noexcept;
    /// Milliseconds; 0 where it never happened.
    base::UnixMs since(inventory::Step step) const noexcept;
    /// As it may be shown; empty where it never happened.
    std::string detail(inventory::Step step) const;
    bool detail_has(inventory::Step step, std::string_view lower_case_word) const;
    std::string address(inventory::Step step) const;
    /// Anybody can ask for a file by a phone's MAC; that is no news about the phone.
    bool is_from_phone(inventory::Step step) const;

    std::string mac() const { return device.mac.str(); }

    bool has_files_to_get() const noexcept { return elsewhere || !device.lines.empty(); }

    bool is_registered() const noexcept {
        return device.seen.stage == inventory::Stage::registered;
    }

    /// Its dialog waits for a decision.
    bool is_held() const noexcept;
    bool is_htek() const;
    /// Its vendor's phones start by TFTP.
    bool starts_by_tftp() const noexcept;
    /// It called by the Workpoint Interface, or its vendor's phones do.
    bool is_caller() const noexcept;
    /// It never called, nobody knows its vendor, and its MAC is of the maker of such phones.
    bool may_be_caller() const noexcept;
    base::UnixMs last_contact() const noexcept; ///< 0: it never called
    bool is_polling() const noexcept;           ///< its next poll is not long overdue
    /// How long it may take from the NOTIFY to the first request for a file.
    base::UnixMs fetch_time() const;
    /// The file that it asked for last, or FILENAME.
    std::string file() const;
    bool fetched_since_offer() const noexcept;
    /// It was offered a URL, and nothing else is known since.
    bool only_offered() const noexcept;
    /// It got a file that makes it ask again, and nothing since.
    bool asks_again() const noexcept;
    /// A DHCP server told of it, and nothing else ever showed it.
    bool only_leased() const noexcept;

  private:
    /// Where the step stands last in the timeline; -1 where it does not. Rows of the same
    /// millisecond are told apart by it.
    int at(inventory::Step step) const noexcept;
};

} // namespace admin
