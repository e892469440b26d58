// SPDX-License-Identifier: MIT
// What comes by itself and what stays manual for a SIP phone, by where it is installed: the table
// of the HTS824's manual, section 3.5, from conf/vendors/panasonic/environments.tsv.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace profile::kx {

/// As the manual counts them (inferred): the router first, the place of the phone second.
enum class Environment : std::uint8_t {
    own_router_inside,       ///< 1-1: the router inside the PBX, the phone on the local network
    own_router_outside,      ///< 1-2: the same router, the phone outside
    external_router_inside,  ///< 2-1: an external router, the phone on the local network
    external_router_outside, ///< 2-2: the same router, the phone outside
};

enum class Maker : std::uint8_t { panasonic, other };

enum class Way : std::uint8_t {
    automatic,
    manual,
    depends, ///< either, as the network there is made
    not_available,
};

struct Function {
    std::string_view name; ///< address, server, configuration, registration, firmware
    Way way = Way::not_available;
    std::string_view by; ///< by what, or where it is typed in; may be empty
};

std::string_view name(Environment environment) noexcept; ///< "2-1"

/// The five functions, in the order of the manual.
std::vector<Function> functions(Maker maker, Environment environment);

} // namespace profile::kx
