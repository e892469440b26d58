// SPDX-License-Identifier: MIT
// Says at once what a phone will not take of its extensions, before anybody plugs it in.
#pragma once

#include "provisioning/admin/commands.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace admin {

/// What to do when `what`, the error of a file, names an extension ("line 1 is extension 201: …");
/// nothing where it names none.
std::optional<std::string> renewal(const inventory::Device& device, std::string_view what);

/// Renders the phone's own file as it would be sent, or the items that it would be told. Lines,
/// each with its end: why it would get none, and which names its display cuts; empty where all is
/// well or its vendor is not known yet.
std::string file_warning(const Reach& reach, base::Mac mac);

} // namespace admin
