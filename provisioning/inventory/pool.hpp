// SPDX-License-Identifier: MIT
// Numbers that phones are given from: ranges in their order, and how long one rests in between.
#pragma once

#include "provisioning/base/clock.hpp"
#include "provisioning/base/mac.hpp"
#include "provisioning/base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace inventory {

/// From `first` to `last`, digits of one length; "0200" is another number than "200".
struct NumberRange {
    std::string first;
    std::string last;

    std::uint64_t size() const; ///< 0: it is none
    bool contains(std::string_view number) const noexcept;
    std::string at(std::uint64_t place) const; ///< the number there; places count from 0

    bool operator==(const NumberRange&) const = default;
};

struct Pool {
    std::string name; ///< of pnp.conf; empty where a rule has ranges of its own
    std::vector<NumberRange> ranges;
    std::chrono::milliseconds quarantine{0};

    bool contains(std::string_view number) const noexcept;
    std::string numbers() const; ///< "200-299, 310", as pnp.conf writes it
    std::string str() const;     ///< "sales (200-299, 310)", or the numbers alone

    bool operator==(const Pool&) const = default;
};

/// When a number was taken off the last phone that had it, and which one that was.
struct Release {
    base::UnixMs at = 0;
    base::Mac mac;
};

/// How long releases are remembered, so no quarantine is longer.
constexpr std::chrono::milliseconds longest_quarantine = std::chrono::hours(24 * 366);

/// Also where the clock is behind the one of its release, by whatever: how long it rests already
/// nobody knows then, and a machine without a battery begins in 1970. Where that lasts,
/// Inventory::flush() takes the release for the wrong one.
bool is_in_quarantine(const Release& release,
                      std::chrono::milliseconds quarantine,
                      base::UnixMs now) noexcept;

/// Reads "200-299, 310": one number is a range too. Refused with what to write: what is no range,
/// ranges that overlap, more than 10,000 numbers.
base::Result<std::vector<NumberRange>> parse_ranges(std::string_view text);
/// The same of ranges that are read already.
base::Status check_ranges(const std::vector<NumberRange>& ranges);

/// A letter, then letters, digits, - and _: so that it can be told from a number.
bool is_pool_name(std::string_view text) noexcept;

} // namespace inventory
