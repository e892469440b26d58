// SPDX-License-Identifier: MIT
// The random parts of SIP messages: tags, branches, Call-IDs, cnonces.
#pragma once

#include <cstddef>
#include <string>

namespace phone {

std::string random_digits(std::size_t length);
std::string random_hex(std::size_t length);

} // namespace phone
