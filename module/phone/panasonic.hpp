// SPDX-License-Identifier: MIT
// A Panasonic KX-UT670: where its files come from, and the lines they describe (guide §2.4, §5).
#pragma once

#include "module/phone/vendor.hpp"

namespace phone {

const Vendor& panasonic() noexcept;

} // namespace phone
