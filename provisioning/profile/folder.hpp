// SPDX-License-Identifier: MIT
// The files of all vendors, as shipped inside the module and as the site put them in its folder.
#pragma once

#include "provisioning/base/result.hpp"
#include "provisioning/profile/guard.hpp"

#include <map>
#include <string>
#include <vector>

namespace profile {

struct Folder {
    std::vector<Source> conf;              ///< profile.conf, the shipped one first
    std::map<std::string, Source> shipped; ///< template name, without .mustache → file
    std::map<std::string, Source> own;     ///< the site's
};

/// Vendor name → its files. A missing or empty `site_folder` is a site that changes nothing.
base::Result<std::map<std::string, Folder>> read_folders(const std::string& site_folder);

} // namespace profile
