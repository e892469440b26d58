// SPDX-License-Identifier: MIT
// A plain text configuration file of a KX-UT670 as a strict phone reads it (guide §5.2, §5.3.2).
#pragma once

#include "module/phone/vendor.hpp"

namespace phone {

/// The first bytes of every file (guide §5.2.1).
constexpr std::string_view panasonic_signature = "# Panasonic SIP Phone Standard Format File #";

/// Bytes of a file, and of all files of one phone together: 120 KB in the smaller of its meanings.
constexpr std::size_t largest_panasonic_file = 120'000;

/// The whole file is an error without its signature, with a parameter spread over several lines,
/// or with more bytes than a phone takes. The guide does not say whether a line that is wrong in
/// another way loses the file or only itself: `bad_line` decides. Errors and remarks name the line
/// and the parameter, never its value.
base::Result<ReadFile> read_panasonic_file(std::string_view bytes, BadLine bad_line);

} // namespace phone
