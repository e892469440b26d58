// SPDX-License-Identifier: MIT
// What the phone keeps when the power goes: its configuration and where the last one came from.
#pragma once

#include "module/phone/layers.hpp"
#include "module/phone/vendor.hpp"

#include <string>

namespace phone {

struct Flash {
    Values values;        ///< in force
    std::string url;      ///< the last one a NOTIFY brought
    Layers layers;        ///< of a phone with several files
    std::string firmware; ///< the version an update brought
};

/// DIR/<mac>.json; a missing file is a phone fresh from the box.
base::Result<Flash> load_flash(const std::string& dir, base::Mac mac);

/// Replaces the file in one step. Only its owner may read it: it holds SIP passwords.
base::Status save_flash(const std::string& dir, base::Mac mac, const Flash& flash);

} // namespace phone
