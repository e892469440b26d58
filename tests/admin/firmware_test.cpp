// SPDX-License-Identifier: MIT
// The roll-out of firmware, as a person and as a program read it.
#include "office.hpp"

#include <gmock/gmock.h>

namespace {

using serve::Turn;
using testing::HasSubstr;

TEST(ShowFirmware, SaysThatThereIsNone) {
    Office office;
    const auto reply = office.run("show firmware");
    EXPECT_EQ(reply.status, 0);
    EXPECT_EQ(reply.text, "pnp.conf has no section [firmware NAME].\n");
}

TEST(ShowFirmware, CountsPhonesAndNamesThoseThatFailed) {
    Office office;
    auto reach = office.reach();
    reach.firmware = [] {
        const auto mac = [](unsigned number) { return base::Mac::from_number(number); };
        serve::Upgrades::Row row;
        row.firmware.name = "ut670";
        row.firmware.version = "01.100";
        row.firmware.file = "a.bin";
        row.size = 52'428'800;
        row.who[Turn::has] = {mac(1), mac(2)};
        row.who[Turn::newer] = {mac(3)};
        row.who[Turn::on_way] = {mac(4)};
        row.who[Turn::waits] = {mac(5), mac(6)};
        row.who[Turn::failed] = {mac(7)};
        row.who[Turn::unknown] = {mac(8)};
        serve::Upgrades::Row held;
        held.firmware.name = "held";
        held.firmware.at_a_time = 0;
        held.problem = "b.bin: No such file or directory";
        return std::vector{row, held};
    };
    admin::Commands commands(std::move(reach));
    const auto reply = commands.run({"show", "firmware"}, {});
    EXPECT_THAT(reply.text,
                HasSubstr("ut670     01.100   a.bin  52428800  3        1 of 10       2  "
                          "   1"));
    EXPECT_THAT(reply.text,
                HasSubstr("ut670: 000000000007 did not come back with 01.100 in time."));
    EXPECT_THAT(reply.text, HasSubstr("ut670: 000000000008 said no version"));
    EXPECT_THAT(reply.text, HasSubstr("held: b.bin: No such file or directory; nobody is told"));
    EXPECT_THAT(reply.text, HasSubstr("held is held: at_a_time = 0."));
    EXPECT_THAT(reply.json.dump(), HasSubstr("\"failed\":[\"000000000007\"]"));
    EXPECT_THAT(reply.json.dump(), HasSubstr("\"size\":52428800"));
}

} // namespace
