// SPDX-License-Identifier: MIT
// Who is slowed or shut out, as a person and as a program read it.
#include "office.hpp"

#include <gmock/gmock.h>

namespace {

using testing::HasSubstr;

TEST(ShowPenalties, SaysThatNobodyIsHeldBack) {
    Office office;
    const auto reply = office.run("show penalties");
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(reply.text, "Nobody is slowed or shut out.\n");
}

TEST(ShowPenalties, ListsSourcesWithTheirEnd) {
    Office office;
    auto reach = office.reach();
    const auto now = office.shelf.clock.now();
    reach.penalties = [&] {
        serve::Penalties::Row row;
        row.misses = 40;
        row.held = 7;
        row.since = now - std::chrono::minutes(2);
        row.until = now + std::chrono::minutes(8);
        row.standing = serve::Standing::shut;
        return std::vector<serve::Files::Penalty>{{"10.0.0.66", row}};
    };
    admin::Commands commands(std::move(reach));
    const auto reply = commands.run({"show", "penalties"}, {});
    EXPECT_THAT(reply.text, HasSubstr("10.0.0.66  shut out  40      7        2 min ago  in 480 s"));
    EXPECT_THAT(reply.json.dump(), HasSubstr("\"standing\":\"shut out\""));
}

} // namespace
