// SPDX-License-Identifier: MIT
// OpenStage phones: they have a dial plan, and nobody outside knows how it is sent to them.
#include "dialplan/digit_map_input.hpp"

namespace dialplan {

/// The maker's administration manual has up to 48 rules of 24 keys, and says that they are loaded
/// from its own deployment service; the items of the Workpoint Interface that carry them are in no
/// source. Nothing is guessed: a phone that gets no rules refuses nothing.
DigitMap digit_map_openstage() {
    DigitMap map;
    map.notes.emplace_back("how a dial plan is sent to OpenStage phones is not known: they call "
                           "after their own delay (Autodial delay, or the key to dial), and no "
                           "number is refused");
    return map;
}

} // namespace dialplan
