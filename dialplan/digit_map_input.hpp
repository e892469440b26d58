// SPDX-License-Identifier: MIT
// What every vendor's map is made of.
#pragma once

#include "dialplan/digit_map.hpp"
#include "dialplan/key_runs.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dialplan {

/// The PBX's numbers and the emergency numbers, sorted by what a phone may do with them.
struct MapInput {
    NumberTree tree;
    std::vector<KeyRun> emergency; ///< complete: called at once
    std::vector<KeyRun> whole;     ///< likewise, of the PBX
    std::vector<KeyRun> forks;     ///< complete, and longer ones begin so
    std::vector<KeyRun> open;      ///< complete with these keys, and with whatever follows
    std::vector<KeyRun> dead;      ///< no number begins so; only where others are to be refused
    bool is_all = true;            ///< no number that the PBX takes is missing in them
};

constexpr std::size_t most_runs = 1000; ///< of one kind

DigitMap digit_map_kx(const MapInput& input);
DigitMap digit_map_htek(const MapInput& input, bool refuse_others);
DigitMap digit_map_openstage();

Dialled dial_kx(std::string_view map, std::string_view digits);
Dialled dial_htek(std::string_view map, std::string_view digits);

/// What the emergency numbers do not say already.
std::vector<KeyRun> whole_besides_emergency(const MapInput& input);

/// "201, 20x and 7 more".
std::string some_of(const std::vector<KeyRun>& runs);

} // namespace dialplan
