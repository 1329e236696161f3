import { metadata } from "../../../../handler";

export { metadata as GET, metadata as OPTIONS };
