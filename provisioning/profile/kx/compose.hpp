// SPDX-License-Identifier: MIT
// Writes a configuration file for a Panasonic KX-UT phone from settings in any order.
#pragma once

#include "provisioning/base/result.hpp"

#include <string>
#include <string_view>

namespace profile::kx {

/// `text` holds NAME="value" lines, comments from # and empty lines, each perhaps indented and with
/// LF or CR LF. The result: the signature, every name once in the order of list 5.1 of the guide
/// (unknown names last, as they came), CR LF and an empty line at the end. A name that comes again
/// replaces the value it had, so what a site puts behind ours wins; comments are left out. Refused
/// is what lint() calls an error, and more than comfortable_size bytes: the text starts with
/// "line L column C: " of `text` and repeats no value.
base::Result<std::string> compose(std::string_view text);

} // namespace profile::kx
