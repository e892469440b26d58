// SPDX-License-Identifier: MIT
// An Htek UC9xx: the shape of its SUBSCRIBE, the file names it tries, and the file it understands.
#pragma once

#include "module/phone/vendor.hpp"

namespace phone {

const Vendor& htek() noexcept;

} // namespace phone
