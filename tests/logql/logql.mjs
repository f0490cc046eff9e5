#!/usr/bin/env node
// Reads LogQL as Grafana's editor does: logql EXPRESSION. Says where the first mistake is; the exit code is then 1.
import { parser } from "@grafana/lezer-logql";

const expression = process.argv[2];
parser.parse(expression).iterate({
  enter(node) {
    if (!node.type.isError) return;
    console.error(`after "${expression.slice(0, node.from)}": this was not expected: "${expression.slice(node.from)}"`);
    process.exit(1);
  },
});
