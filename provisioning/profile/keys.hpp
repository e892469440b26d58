// SPDX-License-Identifier: MIT
// The keys beside a phone's display: lines, extensions that are watched, numbers that are dialled.
#pragma once

#include "provisioning/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace profile {

struct Key {
    enum class Kind : std::uint8_t {
        line,         ///< takes and makes calls of a line
        blf,          ///< busy lamp field: shows whether an extension is busy, and dials it
        dial,         ///< dials a number
        voicemail,    ///< dials the mailbox: the site's voicemail
        pickup,       ///< picks up the call that rings at an extension: the site's pickup before it
        group_pickup, ///< picks up a call that rings in the group: the site's group_pickup
        headset,      ///< switches to the headset
        none,         ///< nothing
    };

    Kind kind = Kind::none;
    std::string number; ///< of the line (from 1), the extension, or what is dialled
    std::string label;  ///< may be empty
};

/// "line 1, blf 202 Anna, dial 0015551234567 Taxi, pickup 203, voicemail, headset, none": the first
/// word is the kind, the second the number where there is one, the rest is the label.
base::Result<std::vector<Key>> parse_keys(std::string_view text);

} // namespace profile
